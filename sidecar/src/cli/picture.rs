//! Pictures in a terminal, by the two protocols that take a PNG file as it is.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

/// How a terminal takes a picture.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Protocol {
    /// kitty's graphics protocol: kitty, Ghostty, WezTerm, Konsole.
    Kitty,
    /// iTerm2's inline images: iTerm2, WezTerm, mintty, VS Code.
    Iterm,
}

/// Base64 characters of one escape of kitty's, at most.
const KITTY_CHUNK: usize = 4096;

/// Rows of text that a picture is high.
const ROWS: usize = 16;

impl Protocol {
    /// What the terminal says of itself in its variables; none where it does not say that it can.
    pub fn of_terminal(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let is = |name: &str, wanted: &[&str]| {
            variable(name).is_some_and(|value| wanted.iter().any(|one| value.contains(one)))
        };
        // A multiplexer passes neither protocol on.
        if variable("TMUX").is_some() || is("TERM", &["screen", "tmux"]) {
            None
        } else if variable("KITTY_WINDOW_ID").is_some()
            || is("TERM", &["kitty", "ghostty"])
            || is("TERM_PROGRAM", &["ghostty", "WezTerm"])
            || variable("KONSOLE_VERSION").is_some()
        {
            Some(Self::Kitty)
        } else if is("TERM_PROGRAM", &["iTerm.app", "vscode", "mintty"])
            || is("LC_TERMINAL", &["iTerm2"])
        {
            Some(Self::Iterm)
        } else {
            None
        }
    }

    /// What is written to show the PNG file `png`.
    ///
    /// # Source
    ///
    /// sw.kovidgoyal.net/kitty/graphics-protocol and iterm2.com/documentation-images.html.
    pub fn encode(self, png: &[u8]) -> String {
        let data = BASE64.encode(png);
        match self {
            Self::Iterm => format!(
                "\x1b]1337;File=inline=1;size={};height={ROWS};preserveAspectRatio=1:{data}\x07\n",
                png.len()
            ),
            Self::Kitty => {
                let chunks = data.as_bytes().chunks(KITTY_CHUNK);
                let last = chunks.len().saturating_sub(1);
                let mut out = String::new();
                for (index, chunk) in chunks.enumerate() {
                    let more = u8::from(index < last);
                    let head =
                        if index == 0 { format!("a=T,f=100,r={ROWS},") } else { String::new() };
                    let chunk = std::str::from_utf8(chunk).expect("base64 is ASCII");
                    out.push_str(&format!("\x1b_G{head}m={more};{chunk}\x1b\\"));
                }
                out.push('\n');
                out
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Variables<'a> = &'a [(&'a str, &'a str)];

    #[test]
    fn only_terminals_that_say_so_get_a_picture() {
        #[rustfmt::skip]
        let cases: &[(Variables, Option<Protocol>)] = &[
            (&[("TERM", "xterm-kitty")],                            Some(Protocol::Kitty)),
            (&[("TERM", "xterm-256color")],                         None),
            (&[("TERM_PROGRAM", "iTerm.app")],                      Some(Protocol::Iterm)),
            (&[("TERM_PROGRAM", "iTerm.app"), ("TMUX", "/tmp/x")],  None),
            (&[],                                                   None),
        ];
        for (variables, expected) in cases {
            let lookup = |name: &str| {
                variables.iter().find(|(one, _)| *one == name).map(|(_, value)| value.to_string())
            };
            assert_eq!(Protocol::of_terminal(lookup), *expected, "{variables:?}");
        }
    }

    #[test]
    fn a_large_picture_goes_to_kitty_in_pieces_of_which_only_the_last_ends_it() {
        let out = Protocol::Kitty.encode(&[7; 7_000]);
        let pieces: Vec<&str> = out.trim_end().split_inclusive("\x1b\\").collect();
        assert_eq!(pieces.len(), 3);
        assert!(pieces[0].starts_with("\x1b_Ga=T,f=100,r=16,m=1;"));
        assert!(pieces[1].starts_with("\x1b_Gm=1;"));
        assert!(pieces[2].starts_with("\x1b_Gm=0;"));
    }
}
