//! Pictures made of pictures: channels packed, colours re-encoded, scales and biases applied.

use std::io::Cursor;

use image::codecs::png::PngEncoder;
use image::imageops::{FilterType, resize};
use image::{ExtendedColorType, ImageEncoder, ImageFormat, ImageReader, RgbaImage};
use vitrine_scene::{Channel, Texture};

/// How to make a picture. Equal recipes make equal pictures.
#[derive(Clone, Debug, PartialEq)]
pub enum Recipe {
    /// The file as it is, or the same pixels as PNG where glTF does not take its format.
    AsIs(u32),
    /// A colour in sRGB, white where none, and what its alpha is.
    Colour { colour: Option<Colour>, alpha: Alpha },
    /// Three numbers; 1 where none.
    Channels([Option<Single>; 3]),
    /// A normal: −1…1 after scale and bias, stored as 0…1.
    Normal { picture: u32, scale: [f32; 3], bias: [f32; 3] },
}

/// Three channels as a colour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Colour {
    pub picture: u32,
    pub is_srgb: bool,
    pub scale: [f32; 3],
    pub bias: [f32; 3],
}

/// One channel as a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Single {
    pub picture: u32,
    pub channel: Channel,
    pub is_srgb: bool,
    pub scale: f32,
    pub bias: f32,
}

/// What a colour's alpha is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Alpha {
    /// Nobody looks.
    Any,
    /// 1 everywhere.
    One,
    /// A channel of a picture.
    Single(Single),
}

/// What a picture's header says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Header {
    pub format: ImageFormat,
    pub has_alpha: bool,
    pub pixels: u64,
}

/// Reads a picture's header; none where it is no picture that is known.
pub fn header(name: &str, bytes: &[u8]) -> Option<Header> {
    use image::ImageDecoder;
    let reader = reader(name, bytes)?;
    let format = reader.format()?;
    let decoder = reader.into_decoder().ok()?;
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    Some(Header { format, has_alpha: decoder.color_type().has_alpha(), pixels })
        .filter(|_| pixels > 0)
}

/// A reader by content, and by name where no content tells.
fn reader<'a>(name: &str, bytes: &'a [u8]) -> Option<ImageReader<Cursor<&'a [u8]>>> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?;
    let is_tga = name.get(name.len().saturating_sub(4)..)?.eq_ignore_ascii_case(".tga");
    if reader.format().is_none() && is_tga {
        reader.set_format(ImageFormat::Tga);
    }
    Some(reader)
}

/// Decodes a picture, 8 bits a channel.
///
/// # Errors
///
/// A sentence, when it is too large or broken.
fn decode(name: &str, bytes: &[u8], pixels_max: u64) -> Result<RgbaImage, String> {
    let pixels = header(name, bytes).ok_or("it is no picture that is known")?.pixels;
    if pixels > pixels_max {
        return Err(format!("it has {pixels} pixels; at most {pixels_max} are decoded"));
    }
    let mut reader = reader(name, bytes).ok_or("it is no picture that is known")?;
    let mut limits = image::Limits::default();
    // Sixteen bits of four channels, and as much again for the decoder's own use.
    limits.max_alloc = Some(pixels_max.saturating_mul(16));
    reader.limits(limits);
    Ok(reader.decode().map_err(|error| error.to_string())?.into_rgba8())
}

impl Recipe {
    /// Pictures it needs, each once.
    fn pictures(&self) -> Vec<u32> {
        let mut pictures = match self {
            Self::AsIs(picture) | Self::Normal { picture, .. } => vec![*picture],
            Self::Colour { colour, alpha } => {
                let alpha = match alpha {
                    Alpha::Single(single) => Some(single.picture),
                    Alpha::Any | Alpha::One => None,
                };
                colour.iter().map(|colour| colour.picture).chain(alpha).collect()
            }
            Self::Channels(channels) => channels.iter().flatten().map(|it| it.picture).collect(),
        };
        pictures.sort_unstable();
        pictures.dedup();
        pictures
    }

    /// For people: the pictures it is made of.
    pub fn name(&self, pictures: &[vitrine_scene::Picture]) -> String {
        let names = self.pictures().into_iter().map(|at| pictures[at as usize].name.as_str());
        names.collect::<Vec<_>>().join(" + ")
    }

    /// Makes the picture, as PNG. It is as large as the largest of its sources.
    ///
    /// # Errors
    ///
    /// A sentence that names the picture which is broken or too large.
    pub fn bake(
        &self,
        pictures: &[vitrine_scene::Picture],
        pixels_max: u64,
    ) -> Result<Vec<u8>, String> {
        let mut sources: Vec<(u32, RgbaImage)> = Vec::new();
        for at in self.pictures() {
            let picture = &pictures[at as usize];
            let decoded = decode(&picture.name, &picture.bytes, pixels_max)
                .map_err(|why| format!("picture {}: {why}", picture.name))?;
            sources.push((at, decoded));
        }
        let most = |side: fn(&RgbaImage) -> u32| sources.iter().map(|(_, it)| side(it)).max();
        let width = most(RgbaImage::width).unwrap_or(1);
        let height = most(RgbaImage::height).unwrap_or(1);
        if u64::from(width) * u64::from(height) > pixels_max {
            return Err(format!("a picture of {width} by {height} pixels is too large to be made"));
        }
        for (_, picture) in &mut sources {
            if picture.dimensions() != (width, height) {
                *picture = resize(&*picture, width, height, FilterType::Triangle);
            }
        }
        let source = |at: u32| sources.iter().find(|(other, _)| *other == at).map(|(_, it)| it);
        let mut made = RgbaImage::from_pixel(width, height, image::Rgba([255; 4]));
        let mut copy = |to: usize, picture: u32, from: usize, table: [u8; 256]| {
            let Some(source) = source(picture) else { return };
            for (to_pixel, from_pixel) in made.pixels_mut().zip(source.pixels()) {
                to_pixel.0[to] = table[usize::from(from_pixel.0[from])];
            }
        };
        match self {
            Self::AsIs(picture) => {
                (0..4).for_each(|channel| copy(channel, *picture, channel, table(|value| value)));
            }
            Self::Colour { colour, alpha } => {
                for (channel, colour) in (0..3).zip(std::iter::repeat(colour)) {
                    let Some(colour) = colour else { continue };
                    copy(channel, colour.picture, channel, colour.table(channel));
                }
                if let Alpha::Single(single) = alpha {
                    copy(3, single.picture, single.channel as usize, single.table());
                }
            }
            Self::Channels(channels) => {
                for (channel, single) in channels.iter().enumerate() {
                    let Some(single) = single else { continue };
                    copy(channel, single.picture, single.channel as usize, single.table());
                }
            }
            Self::Normal { picture, scale, bias } => {
                for channel in 0..3 {
                    let normal = |value| (value * scale[channel] + bias[channel] + 1.0) / 2.0;
                    copy(channel, *picture, channel, table(normal));
                }
            }
        }
        encode(&made)
    }
}

impl Colour {
    /// From stored bytes to sRGB bytes; the same where nothing changes.
    fn table(&self, channel: usize) -> [u8; 256] {
        let (scale, bias) = (self.scale[channel], self.bias[channel]);
        if self.is_srgb && (scale, bias) == (1.0, 0.0) {
            return table(|value| value);
        }
        table(|value| {
            let linear = if self.is_srgb { from_srgb(value) } else { value };
            to_srgb((linear * scale + bias).clamp(0.0, 1.0))
        })
    }
}

impl Single {
    /// The channel that a texture names.
    pub fn of(texture: &Texture) -> Self {
        let &Texture { picture, channel, is_srgb, scale, bias, .. } = texture;
        let at = channel as usize;
        Self { picture, channel, is_srgb, scale: scale[at], bias: bias[at] }
    }

    fn table(&self) -> [u8; 256] {
        let is_srgb = self.is_srgb && self.channel != Channel::A;
        table(|value| (if is_srgb { from_srgb(value) } else { value }) * self.scale + self.bias)
    }

    /// Its mean over the picture, 0…1.
    ///
    /// # Errors
    ///
    /// A sentence, when the picture is broken or too large.
    pub fn mean(
        &self,
        pictures: &[vitrine_scene::Picture],
        pixels_max: u64,
    ) -> Result<f32, String> {
        let picture = &pictures[self.picture as usize];
        let source = decode(&picture.name, &picture.bytes, pixels_max)?;
        let table = self.table();
        let channel = self.channel as usize;
        let sum: u64 =
            source.pixels().map(|pixel| u64::from(table[usize::from(pixel.0[channel])])).sum();
        Ok((sum as f64 / (source.pixels().len() as f64 * 255.0)) as f32)
    }
}

fn table(change: impl Fn(f32) -> f32) -> [u8; 256] {
    std::array::from_fn(|byte| (change(byte as f32 / 255.0).clamp(0.0, 1.0) * 255.0).round() as u8)
}

/// IEC 61966-2-1.
fn from_srgb(value: f32) -> f32 {
    if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}

/// IEC 61966-2-1.
fn to_srgb(value: f32) -> f32 {
    if value <= 0.003_130_8 { value * 12.92 } else { 1.055 * value.powf(1.0 / 2.4) - 0.055 }
}

fn encode(picture: &RgbaImage) -> Result<Vec<u8>, String> {
    let (width, height) = picture.dimensions();
    let mut png = Vec::new();
    let encoder = PngEncoder::new(&mut png);
    let done = if picture.pixels().all(|pixel| pixel.0[3] == 255) {
        let rgb: Vec<u8> =
            picture.pixels().flat_map(|pixel| [pixel.0[0], pixel.0[1], pixel.0[2]]).collect();
        encoder.write_image(&rgb, width, height, ExtendedColorType::Rgb8)
    } else {
        encoder.write_image(picture.as_raw(), width, height, ExtendedColorType::Rgba8)
    };
    done.map(|()| png).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::{from_srgb, to_srgb};

    #[test]
    fn srgb_goes_there_and_back() {
        for byte in 0..=255_u8 {
            let value = f32::from(byte) / 255.0;
            assert_eq!((to_srgb(from_srgb(value)) * 255.0).round() as u8, byte);
        }
        // The standard's own figure: 18 % grey is 46 %.
        assert!((to_srgb(0.18) - 0.461_4).abs() < 1e-3);
    }
}
