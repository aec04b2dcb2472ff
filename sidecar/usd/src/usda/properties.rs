//! Attributes and relationships of a text layer.

use super::metadata::Edit;
use super::prims::Parser;
use super::values;
use crate::layer::{LayerError, Property};
use crate::names::Name;
use crate::value::Value;

/// The last properties of a prim are searched, earlier ones hashed.
const SEARCHED_PROPERTIES_MAX: usize = 32;

impl Parser<'_> {
    /// A property statement whose first word is `word`.
    pub(super) fn property(&mut self, owner: u32, word: &str) -> Result<(), LayerError> {
        let mut word = word;
        let mut edit = Edit::Explicit;
        loop {
            match word {
                "custom" | "uniform" | "varying" | "config" => {}
                _ => match Edit::of(word) {
                    Some(found) if edit == Edit::Explicit => edit = found,
                    _ => break,
                },
            }
            word = self.scan.word(b":.")?;
        }
        if edit == Edit::Reorder && matches!(word, "nameChildren" | "properties" | "rootPrims") {
            self.scan.expect(b'=')?;
            values::any(&mut self.scan, self.names, 0)?;
            return Ok(());
        }
        if word == "rel" {
            self.relationship(owner, edit)
        } else {
            self.attribute(owner, word, edit)
        }
    }

    /// The property `name` of `owner`, made when absent.
    pub(super) fn slot(&mut self, owner: u32, name: Name) -> &mut Property {
        let properties = &mut self.specs[owner as usize].properties;
        // Statements on one property follow one another: look from the end.
        let recent = properties.len().saturating_sub(SEARCHED_PROPERTIES_MAX);
        let found = properties[recent..].iter().rposition(|property| property.name == name);
        let at = found.map(|at| at + recent).or_else(|| {
            let earlier = self.earlier.get(&(owner, name)).copied();
            earlier.map(|at| at as usize)
        });
        let at = at.unwrap_or_else(|| {
            properties.push(Property { name, ..Property::default() });
            let last = properties.len() - 1;
            if let Some(leaving) = last.checked_sub(SEARCHED_PROPERTIES_MAX) {
                self.earlier.insert((owner, properties[leaving].name), leaving as u32);
            }
            last
        });
        &mut properties[at]
    }

    pub(super) fn relationship(&mut self, owner: u32, edit: Edit) -> Result<(), LayerError> {
        let text = self.scan.word(b":.")?;
        let text = text.strip_suffix(".default").unwrap_or(text);
        if text.is_empty() {
            let found = self.scan.found();
            return Err(self.scan.error(&format!("expected a relationship, found {found}")));
        }
        let name = self.names.intern(text);
        self.slot(owner, name);
        self.scan.skip()?;
        if self.scan.peek() == b'[' {
            // `rel name[<target>] (…)`: metadata of one target, long out of use.
            self.paths()?;
        }
        if self.scan.take(b'=')? {
            let paths = self.paths()?;
            self.edit_targets(owner, name, edit, paths);
        }
        self.property_metadata(owner, name)
    }

    /// Adds an edit to the targets of a relationship or the connections of an attribute.
    fn edit_targets(&mut self, owner: u32, name: Name, edit: Edit, paths: Vec<Box<str>>) {
        let rare = self.slot(owner, name).rare_mut();
        if !matches!(rare.targets, Value::PathEdits(_)) {
            rare.targets = Value::PathEdits(Box::default());
        }
        if let Value::PathEdits(list) = &mut rare.targets {
            edit.put(list, paths);
        }
    }

    pub(super) fn attribute(
        &mut self,
        owner: u32,
        word: &str,
        edit: Edit,
    ) -> Result<(), LayerError> {
        let mut type_text = word.to_owned();
        if self.scan.take(b'[')? {
            self.scan.expect(b']')?;
            type_text.push_str("[]");
        }
        let full = self.scan.word(b":.")?;
        if full.is_empty() {
            let found = self.scan.found();
            return Err(self.scan.error(&format!("expected an attribute name, found {found}")));
        }
        let (text, part) = match full.rsplit_once('.') {
            Some((text, part)) => (text, part),
            None => (full, ""),
        };
        let name = self.names.intern(text);
        let type_name = self.names.intern(&type_text);
        self.slot(owner, name).type_name = type_name;
        match part {
            "" | "default" => {
                if self.scan.take(b'=')? {
                    let value = values::typed(&mut self.scan, self.names, &type_text)?;
                    self.slot(owner, name).default = value;
                }
                self.property_metadata(owner, name)
            }
            "timeSamples" => {
                self.scan.expect(b'=')?;
                let samples = values::samples(&mut self.scan, self.names, &type_text)?;
                self.slot(owner, name).rare_mut().samples = samples;
                Ok(())
            }
            "connect" => {
                self.scan.expect(b'=')?;
                let paths = self.paths()?;
                self.edit_targets(owner, name, edit, paths);
                self.property_metadata(owner, name)
            }
            "spline" => {
                self.scan.expect(b'=')?;
                self.skip_block()?;
                self.slot(owner, name).rare_mut().spline = true;
                Ok(())
            }
            other => Err(self.scan.error(&format!("`.{other}` is unknown of an attribute"))),
        }
    }

    /// `( … )` behind a property: kept only where it can name assets or says how a value is meant.
    pub(super) fn property_metadata(&mut self, owner: u32, name: Name) -> Result<(), LayerError> {
        self.scan.skip()?;
        if self.scan.peek() != b'(' {
            return Ok(());
        }
        self.scan.expect(b'(')?;
        while !self.scan.take(b')')? {
            self.scan.skip()?;
            if self.scan.at_string() {
                self.scan.string()?;
                continue;
            }
            let mut key = self.scan.word(b":.")?;
            if Edit::of(key).is_some() {
                key = self.scan.word(b":.")?;
            }
            if key.is_empty() {
                let found = self.scan.found();
                return Err(self.scan.error(&format!("expected metadata, found {found}")));
            }
            self.scan.expect(b'=')?;
            let value = values::any(&mut self.scan, self.names, 0)?;
            let names_assets =
                matches!(value, Value::Asset(_) | Value::Assets(_) | Value::Dictionary(_));
            let is_kept =
                matches!(key, "interpolation" | "elementSize" | "bindMaterialAs" | "colorSpace");
            if names_assets || is_kept {
                let key = self.names.intern(key);
                self.slot(owner, name).rare_mut().fields.push((key, value));
            }
            self.scan.take(b',')?;
        }
        Ok(())
    }

    /// Skips `{ … }` with whatever is inside.
    pub(super) fn skip_block(&mut self) -> Result<(), LayerError> {
        self.scan.expect(b'{')?;
        let mut depth = 1u32;
        while depth > 0 {
            self.scan.skip()?;
            match self.scan.peek() {
                0 if self.scan.at_end() => return Err(self.scan.error("`{` is not closed")),
                b'{' => depth += 1,
                b'}' => depth -= 1,
                b'"' | b'\'' => {
                    self.scan.string()?;
                    continue;
                }
                _ => {}
            }
            self.scan.at += 1;
        }
        Ok(())
    }
}
