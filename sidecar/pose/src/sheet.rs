//! Numbers with names, in blocks.

/// Numbers in the making: each has a name, and may be missing.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    names: Vec<String>,
    values: Vec<Option<f64>>,
    /// The first number of each block.
    blocks: Vec<usize>,
}

impl Sheet {
    /// Begins a block: its numbers weigh together what those of every other block do.
    pub(crate) fn block(&mut self) {
        self.blocks.push(self.values.len());
    }

    pub(crate) fn add(&mut self, name: impl Into<String>, value: Option<f64>) {
        self.names.push(name.into());
        self.values.push(value.filter(|value| value.is_finite()));
    }

    /// Numbers `name.1` to `name.count`, or as many missing ones.
    pub(crate) fn add_all(&mut self, name: &str, count: usize, values: Option<Vec<f64>>) {
        for index in 0..count {
            let value = values.as_ref().and_then(|values| values.get(index)).copied();
            self.add(format!("{name}.{}", index + 1), value);
        }
    }

    pub(crate) fn names(self) -> Vec<String> {
        self.names
    }

    pub(crate) fn values(&self) -> &[Option<f64>] {
        &self.values
    }

    /// The blocks as ranges of numbers.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = std::ops::Range<usize>> {
        let ends = self.blocks.iter().skip(1).copied().chain([self.values.len()]);
        self.blocks.iter().zip(ends).map(|(&start, end)| start..end)
    }
}
