//! The XML of a MaterialX document, and of those it includes, as one tree of elements.

use std::collections::{HashMap, HashSet};

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::Includes;
use crate::assets::{self, Reach};
use crate::layer::LayerError;
use crate::limits::Limits;

/// Largest document, in bytes. The largest of MaterialX itself, its standard library, has 0.5 MB.
const DOCUMENT_BYTES_MAX: usize = 16 << 20;
/// Most elements of a document and all that it includes.
const ELEMENTS_MAX: usize = 250_000;
/// Deepest element; graphs of nodes are four deep.
const DEPTH_MAX: usize = 64;
/// Most attributes of one element.
const ATTRIBUTES_MAX: usize = 64;
/// Longest value of an attribute, in bytes; longer ones are nothing that a material needs.
const VALUE_BYTES_MAX: usize = 4096;
/// Most documents that one may include, directly or not, found or missing.
const INCLUDES_MAX: usize = 64;

/// One element.
#[derive(Debug, Default)]
pub(super) struct Element {
    /// Its tag: the category of a node.
    pub(super) category: Box<str>,
    attributes: Vec<(Box<str>, Box<str>)>,
    /// Indices of the elements in it.
    pub(super) children: Vec<u32>,
    parent: u32,
}

impl Element {
    /// An attribute; empty where it is not there.
    pub(super) fn get(&self, name: &str) -> &str {
        let found = self.attributes.iter().find(|(own, _)| &**own == name);
        found.map_or("", |(_, value)| value)
    }

    /// Whether it is an input: `input`, or what older documents have for it.
    pub(super) fn is_input(&self) -> bool {
        matches!(&*self.category, "input" | "parameter" | "bindinput")
    }
}

/// A document with everything that it includes; element 0 is its root.
pub(super) struct Document {
    pub(super) elements: Vec<Element>,
    /// Elements directly below a root, in order.
    pub(super) top: Vec<u32>,
    /// Elements that are no inputs, by where they are and their name; of several the first.
    named: HashMap<(u32, Box<str>), u32>,
    /// The first output of each graph.
    outputs: HashMap<u32, u32>,
    /// Folders of included documents, by their root; what they name is relative to them.
    folders: HashMap<u32, String>,
}

impl Document {
    /// The element at `index`.
    pub(super) fn at(&self, index: u32) -> &Element {
        &self.elements[index as usize]
    }

    /// The element called `name` that is in no other.
    pub(super) fn named(&self, name: &str) -> Option<u32> {
        self.child(0, name)
    }

    /// The element called `name` in `parent`.
    pub(super) fn child(&self, parent: u32, name: &str) -> Option<u32> {
        self.named.get(&(parent, Box::from(name))).copied()
    }

    /// The first output of a graph or definition.
    pub(super) fn first_output(&self, graph: u32) -> Option<&Element> {
        self.outputs.get(&graph).map(|&output| self.at(output))
    }

    /// The colour space of an element: its own, or that of the nearest one around it.
    pub(super) fn colour_space(&self, index: u32) -> &str {
        let spaces = self.upwards(index).map(|at| self.at(at).get("colorspace"));
        spaces.into_iter().find(|space| !space.is_empty()).unwrap_or("")
    }

    /// A file's name with all prefixes around it, relative to the outermost document.
    pub(super) fn file(&self, index: u32, value: &str) -> String {
        let mut file = value.to_owned();
        for at in self.upwards(index) {
            file.insert_str(0, self.at(at).get("fileprefix"));
            if let Some(folder) = self.folders.get(&at)
                && assets::reach(&file) != Reach::Outside
            {
                file.insert_str(0, folder);
            }
        }
        // Documents made on Windows.
        file.replace('\\', "/")
    }

    /// An element and those around it, up to the root of its own document.
    fn upwards(&self, index: u32) -> impl Iterator<Item = u32> {
        let next = |&at: &u32| {
            let element = &self.elements[at as usize];
            (&*element.category != "materialx").then_some(element.parent)
        };
        std::iter::successors(Some(index), next)
    }
}

/// Reads the document at `path` and what it includes.
pub(super) fn read(
    path: &str,
    bytes: &[u8],
    limits: &Limits,
    includes: &mut Includes<'_>,
) -> Result<Document, LayerError> {
    let elements_max = ELEMENTS_MAX.min(usize::try_from(limits.prims_max).unwrap_or(usize::MAX));
    let mut found = Document {
        elements: Vec::new(),
        top: Vec::new(),
        named: HashMap::new(),
        outputs: HashMap::new(),
        folders: HashMap::new(),
    };
    read_one(bytes, elements_max, &mut found.elements)?;
    let mut seen = HashSet::from([path.to_owned()]);
    let mut included = 0;
    let mut bytes_left = DOCUMENT_BYTES_MAX.saturating_sub(bytes.len());
    // Roots whose elements are to be gone through: where they were read, their folder, their index.
    let mut waiting = vec![(path.to_owned(), String::new(), 0u32)];
    while let Some((anchor, folder, root)) = waiting.pop() {
        for child in found.elements[root as usize].children.clone() {
            let element = found.at(child);
            if &*element.category != "xi:include" {
                let name = (0, Box::from(element.get("name")));
                found.named.entry(name).or_insert(child);
                found.top.push(child);
                continue;
            }
            included += 1;
            if included > INCLUDES_MAX {
                return Err(LayerError::new(format!("includes more than {INCLUDES_MAX} others")));
            }
            let href = element.get("href").replace('\\', "/");
            let Some((path, bytes)) = includes(&anchor, &href)? else { continue };
            if !seen.insert(path.clone()) {
                continue;
            }
            let broken = |why: &dyn std::fmt::Display| {
                LayerError::new(format!("includes {path}, which cannot be read: {why}"))
            };
            bytes_left = bytes_left
                .checked_sub(bytes.len())
                .ok_or_else(|| broken(&"together they are too large"))?;
            let inner = read_one(&bytes, elements_max, &mut found.elements);
            let inner = inner.map_err(|error| broken(&error))?;
            let folder = format!("{folder}{}", href.rfind('/').map_or("", |at| &href[..=at]));
            found.folders.insert(inner, folder.clone());
            waiting.push((path, folder, inner));
        }
    }
    for (index, element) in found.elements.iter().enumerate() {
        if !element.is_input() && element.parent != 0 {
            let name = (element.parent, Box::from(element.get("name")));
            found.named.entry(name).or_insert(index as u32);
        }
        if &*element.category == "output" {
            found.outputs.entry(element.parent).or_insert(index as u32);
        }
    }
    Ok(found)
}

/// Reads one document to the end of `elements`; returns the index of its root.
fn read_one(
    bytes: &[u8],
    elements_max: usize,
    elements: &mut Vec<Element>,
) -> Result<u32, LayerError> {
    if bytes.len() > DOCUMENT_BYTES_MAX {
        return Err(LayerError::new(format!(
            "has {} bytes, more than a MaterialX document may have, {DOCUMENT_BYTES_MAX}",
            bytes.len()
        )));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|_| LayerError::new("is no MaterialX document: it is not UTF-8"))?;
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    let root = elements.len() as u32;
    let mut open: Vec<u32> = Vec::new();
    loop {
        let event = reader.read_event().map_err(|error| broken(&error))?;
        let (start, is_empty) = match &event {
            Event::Start(start) => (start, false),
            Event::Empty(start) => (start, true),
            Event::End(_) => {
                open.pop();
                continue;
            }
            // Entities are declared in it: whoever needs them writes no MaterialX.
            Event::DocType(_) => {
                return Err(LayerError::new("has a document type, which MaterialX has not"));
            }
            Event::Eof => break,
            Event::Text(_)
            | Event::CData(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::PI(_)
            | Event::GeneralRef(_) => continue,
        };
        let index = elements.len() as u32;
        let parent = open.last().copied().unwrap_or(index);
        if parent == index && index != root {
            return Err(LayerError::new("is no MaterialX document: it has several roots"));
        }
        if elements.len() >= elements_max {
            return Err(LayerError::new(format!("has more than {elements_max} elements")));
        }
        elements.push(element(start, parent)?);
        if parent != index {
            elements[parent as usize].children.push(index);
        } else if &*elements[index as usize].category != "materialx" {
            return Err(LayerError::new("is no MaterialX document: its root is not `materialx`"));
        }
        if !is_empty {
            open.push(index);
            if open.len() > DEPTH_MAX {
                return Err(LayerError::new(format!("is deeper than {DEPTH_MAX} elements")));
            }
        }
    }
    match (open.is_empty(), elements.len() as u32 > root) {
        (true, true) => Ok(root),
        (false, _) => Err(LayerError::new("ends in the middle of an element")),
        (true, false) => Err(LayerError::new("is no MaterialX document: it has no element")),
    }
}

fn broken(error: &dyn std::fmt::Display) -> LayerError {
    LayerError::new(format!("is no XML: {error}"))
}

fn element(start: &BytesStart<'_>, parent: u32) -> Result<Element, LayerError> {
    let text = |bytes: &[u8]| Box::from(String::from_utf8_lossy(bytes));
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| broken(&error))?;
        if attributes.len() == ATTRIBUTES_MAX {
            return Err(LayerError::new(format!(
                "has an element with more than {ATTRIBUTES_MAX} attributes"
            )));
        }
        // The five entities of XML and characters by number, nothing else.
        let value = attribute.normalized_value(XmlVersion::Implicit1_0);
        let value = value.map_err(|error| broken(&error))?;
        if value.len() > VALUE_BYTES_MAX {
            continue;
        }
        attributes.push((text(attribute.key.as_ref()), Box::from(value)));
    }
    let category = text(start.name().as_ref());
    Ok(Element { category, attributes, children: Vec::new(), parent })
}
