//! Buffers that are kept from scene to scene.

/// Bytes on their way to the device before it is waited for: each waits in memory of its own.
const UNDERWAY_MAX: u64 = 64 << 20;

/// A buffer of one use that grows as it must.
#[derive(Debug)]
pub(crate) struct Kept {
    label: &'static str,
    usage: wgpu::BufferUsages,
    buffer: Option<wgpu::Buffer>,
}

impl Kept {
    pub(crate) fn new(label: &'static str, usage: wgpu::BufferUsages) -> Self {
        Self { label, usage, buffer: None }
    }

    /// The buffer, with room for some bytes and at most `max`; what it held may be gone.
    pub(crate) fn with(&mut self, device: &wgpu::Device, bytes: u64, max: u64) -> wgpu::Buffer {
        // Bindings are never empty, and a little room saves many a new buffer.
        let wanted = bytes.max(256);
        if let Some(buffer) = &self.buffer
            && buffer.size() >= wanted
        {
            return buffer.clone();
        }
        let size = wanted.next_power_of_two().min(max.max(wanted)).next_multiple_of(16);
        // The old one first: both together may not fit.
        if let Some(old) = self.buffer.take() {
            old.destroy();
        }
        let buffer = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some(self.label),
            size,
            usage: self.usage,
            mapped_at_creation: false,
        });
        self.buffer.insert(buffer).clone()
    }
}

/// Writes to buffers without holding more than a bound in between.
#[derive(Debug)]
pub(crate) struct Uploader<'a> {
    device: &'a wgpu::Device,
    queue: &'a wgpu::Queue,
    underway: u64,
}

impl<'a> Uploader<'a> {
    pub(crate) fn new(device: &'a wgpu::Device, queue: &'a wgpu::Queue) -> Self {
        Self { device, queue, underway: 0 }
    }

    /// Writes at a place that is a multiple of four; so is the number of bytes.
    pub(crate) fn write(&mut self, buffer: &wgpu::Buffer, at: u64, bytes: &[u8]) {
        for (part, bytes) in bytes.chunks(UNDERWAY_MAX as usize).enumerate() {
            self.queue.write_buffer(buffer, at + part as u64 * UNDERWAY_MAX, bytes);
            self.underway += bytes.len() as u64;
            if self.underway >= UNDERWAY_MAX {
                self.underway = 0;
                self.queue.submit([]);
                // A failure shows where the pictures are read back.
                let _ = self.device.poll(wgpu::PollType::wait_indefinitely());
            }
        }
    }
}
