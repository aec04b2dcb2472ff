//! Materials as prims: every material holds the shaders, graphs and nodes that it reaches.
//!
//! `/MaterialX/Materials/M` has its surface shader and node graphs as children, nodes outside of
//! graphs are in `M/NodeGraphs`. Values of the surface are inputs of the material too, so that
//! stronger layers can change them there.

use std::collections::HashMap;
use std::rc::Rc;

use super::document::Document;
use super::graphs::Graphs;
use super::prims::{PROPERTIES_MAX, Prims, identifier};
use super::values;
use crate::layer::{LayerError, PrimSpec};
use crate::limits::Limits;
use crate::names::{Name, Names};
use crate::value::Value;

/// Nodes that are graphs of nodes that are graphs … at most.
const NESTING_MAX: u32 = 8;
/// Outputs that lead to outputs at most.
const OUTPUTS_MAX: usize = 8;

/// Makes the prims of a document.
pub(super) fn make(
    document: &Document,
    names: &mut Names,
    limits: &Limits,
) -> Result<Vec<PrimSpec>, LayerError> {
    let mut prims = Prims::new("MaterialX", names, limits);
    let Some(above) = prims.add(0, "MaterialX", "")? else { return Ok(prims.specs) };
    let Some(materials) = prims.add(above, "Materials", "")? else { return Ok(prims.specs) };
    let mut maker = Maker { document, graphs: Graphs::of(document), prims };
    for &top in &document.top {
        let element = document.at(top);
        if element.get("type") == "material"
            || matches!(&*element.category, "surfacematerial" | "material")
        {
            maker.material(top, materials)?;
        }
    }
    Ok(maker.prims.specs)
}

/// Where the names that an input gives are looked for.
#[derive(Clone)]
enum Scope {
    /// Among the elements that are in no other.
    Top,
    /// In a graph: its element, prim and path.
    Graph(u32, u32, Rc<str>),
}

/// One element that has a prim and wants its inputs.
struct Job {
    element: u32,
    spec: u32,
    path: Rc<str>,
    scope: Scope,
    nesting: u32,
    /// Whether its values are the material's.
    is_surface: bool,
}

/// One material while it is made.
struct Inside {
    spec: u32,
    path: String,
    /// The prim for nodes that are in no graph.
    loose: Option<u32>,
    /// Paths of elements that have a prim.
    made: HashMap<u32, Rc<str>>,
    waiting: Vec<Job>,
}

/// Makes one material after the other.
struct Maker<'a> {
    document: &'a Document,
    graphs: Graphs<'a>,
    prims: Prims<'a>,
}

impl Maker<'_> {
    fn material(&mut self, element: u32, materials: u32) -> Result<(), LayerError> {
        let document = self.document;
        let name = document.at(element).get("name");
        let Some(spec) = self.prims.add(materials, name, "Material")? else { return Ok(()) };
        let path = format!("/MaterialX/Materials/{}", identifier(name));
        let mut inside =
            Inside { spec, path, loose: None, made: HashMap::new(), waiting: Vec::new() };
        for &child in &document.at(element).children {
            let input = document.at(child);
            let source = match &*input.category {
                // Before 1.38 a material held its shaders.
                "shaderref" => self.prim_of(&mut inside, child)?.map(|path| path + ".outputs:out"),
                _ if input.is_input() && input.get("name") == "surfaceshader" => {
                    self.source(&mut inside, child, &Scope::Top)?
                }
                _ => None,
            };
            if let Some(source) = source {
                let is_source = |path: &str| {
                    source.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'))
                };
                for job in &mut inside.waiting {
                    job.is_surface = is_source(&job.path);
                }
                self.prims.connect(spec, "outputs:mtlx:surface", "token", source)?;
                break;
            }
        }
        while let Some(job) = inside.waiting.pop() {
            self.fill(&mut inside, &job)?;
        }
        Ok(())
    }

    /// The path of the prim of an element that is in no graph, made when new.
    fn prim_of(&mut self, inside: &mut Inside, element: u32) -> Result<Option<String>, LayerError> {
        if let Some(path) = inside.made.get(&element) {
            return Ok(Some(path.to_string()));
        }
        let document = self.document;
        let found = document.at(element);
        let own = &*found.category == "nodegraph"
            || &*found.category == "shaderref"
            || found.get("type").ends_with("shader");
        let (parent, above) = match own {
            true => (inside.spec, inside.path.clone()),
            false => {
                let Some(loose) = self.loose(inside)? else { return Ok(None) };
                (loose, format!("{}/NodeGraphs", inside.path))
            }
        };
        let name = found.get("name");
        let Some(spec) = self.prims.add(parent, name, "")? else { return Ok(None) };
        let path: Rc<str> = format!("{above}/{}", identifier(name)).into();
        inside.made.insert(element, Rc::clone(&path));
        let job = Job { element, spec, path, scope: Scope::Top, nesting: 0, is_surface: false };
        let path = job.path.to_string();
        inside.waiting.push(job);
        Ok(Some(path))
    }

    /// The prim that holds the nodes that are in no graph.
    fn loose(&mut self, inside: &mut Inside) -> Result<Option<u32>, LayerError> {
        if inside.loose.is_none() {
            inside.loose = self.prims.add(inside.spec, "NodeGraphs", "")?;
        }
        Ok(inside.loose)
    }

    /// The path of the property that an input or output is connected to.
    fn source(
        &mut self,
        inside: &mut Inside,
        input: u32,
        scope: &Scope,
    ) -> Result<Option<String>, LayerError> {
        let document = self.document;
        let mut element = document.at(input);
        for _ in 0..OUTPUTS_MAX {
            let interface = element.get("interfacename");
            if !interface.is_empty() {
                return Ok(match scope {
                    Scope::Top => None,
                    Scope::Graph(_, _, path) => {
                        Some(format!("{path}.inputs:{}", identifier(interface)))
                    }
                });
            }
            let (node, output) = (element.get("nodename"), element.get("output"));
            if let Scope::Graph(graph, _, path) = scope
                && !node.is_empty()
                && let Some(found) = document.child(*graph, node)
            {
                let output = self.output(found, output);
                return Ok(Some(format!("{path}/{}.outputs:{output}", identifier(node))));
            }
            let name = if node.is_empty() { element.get("nodegraph") } else { node };
            if !name.is_empty() {
                let Some(found) = document.named(name) else { return Ok(None) };
                let output = self.output(found, output);
                let path = self.prim_of(inside, found)?;
                return Ok(path.map(|path| format!("{path}.outputs:{output}")));
            }
            // An output that is in no graph leads on.
            let Some(next) = document.named(output) else { return Ok(None) };
            element = document.at(next);
            if &*element.category != "output" {
                return Ok(None);
            }
        }
        Ok(None)
    }

    /// The name of an output of an element: what is asked for, else the first of a graph, else `out`.
    fn output(&self, element: u32, asked: &str) -> String {
        let found = self.document.at(element);
        let first = match &*found.category {
            "nodegraph" => self.document.first_output(element),
            _ => None,
        };
        match (asked, first) {
            ("", Some(first)) => identifier(first.get("name")),
            ("", None) => "out".to_owned(),
            (asked, _) => identifier(asked),
        }
    }

    /// Says what the prim of an element is, and its inputs.
    fn fill(&mut self, inside: &mut Inside, job: &Job) -> Result<(), LayerError> {
        let document = self.document;
        let element = document.at(job.element);
        let kind = element.get("type");
        let category = match &*element.category {
            "shaderref" => element.get("node"),
            category => category,
        };
        let graph = match (category, self.graphs.get(element.get("nodedef"), category, kind)) {
            ("nodegraph", _) => Some((job.element, None)),
            (_, Some((graph, definition))) if job.nesting < NESTING_MAX => {
                Some((graph, Some(definition)))
            }
            _ => None,
        };
        let type_name = if graph.is_some() { "NodeGraph" } else { "Shader" };
        self.prims.specs[job.spec as usize].type_name = self.prims.names.intern(type_name);
        let inputs = |element: u32| {
            let children = document.at(element).children.iter().copied();
            children.filter(|&child| document.at(child).is_input()).take(PROPERTIES_MAX)
        };
        for child in inputs(job.element) {
            self.input(inside, job, child, kind)?;
        }
        let Some((graph, definition)) = graph else {
            let id = match (element.get("nodedef"), &*element.category) {
                ("", "shaderref") => format!("ND_{category}_surfaceshader"),
                ("", _) => format!("ND_{category}_{kind}"),
                (definition, _) => definition.to_owned(),
            };
            let id = Value::Token(self.prims.names.intern(&id));
            return self.prims.say(job.spec, "info:id", "token", id);
        };
        for child in definition.into_iter().flat_map(inputs) {
            self.input(inside, job, child, "")?;
        }
        self.graph(inside, job, graph)
    }

    /// The nodes and outputs of a graph.
    fn graph(&mut self, inside: &mut Inside, job: &Job, graph: u32) -> Result<(), LayerError> {
        let document = self.document;
        let scope = Scope::Graph(graph, job.spec, Rc::clone(&job.path));
        for &child in &document.at(graph).children {
            let element = document.at(child);
            let name = element.get("name");
            if element.is_input() || name.is_empty() {
                continue;
            }
            if &*element.category == "output" {
                if let Some(source) = self.source(inside, child, &scope)? {
                    let kind = values::usd_type(element.get("type"));
                    let name = format!("outputs:{}", identifier(name));
                    self.prims.connect(job.spec, &name, kind, source)?;
                }
            } else if let Some(spec) = self.prims.add(job.spec, name, "")? {
                inside.waiting.push(Job {
                    element: child,
                    spec,
                    path: format!("{}/{}", job.path, identifier(name)).into(),
                    scope: scope.clone(),
                    nesting: job.nesting + 1,
                    is_surface: false,
                });
            }
        }
        Ok(())
    }

    /// One input of a prim: a connection, else a value.
    ///
    /// * `of`: the type of the node, empty where it has none.
    fn input(
        &mut self,
        inside: &mut Inside,
        job: &Job,
        input: u32,
        of: &str,
    ) -> Result<(), LayerError> {
        let document = self.document;
        let element = document.at(input);
        let (kind, text) = (element.get("type"), element.get("value"));
        let own = format!("inputs:{}", identifier(element.get("name")));
        if let Some(source) = self.source(inside, input, &job.scope)? {
            let source = self.channel(inside, job, input, source)?;
            return self.prims.connect(job.spec, &own, values::usd_type(kind), source);
        }
        let space = document.colour_space(input);
        let is_file = kind == "filename";
        let value = match is_file {
            true if text.is_empty() => Value::None,
            true => Value::Asset(document.file(input, text).into()),
            false => values::value(kind, text, space, self.prims.names),
        };
        if value == Value::None {
            return Ok(());
        }
        let kind = values::usd_type(kind);
        let mut spec = job.spec;
        if job.is_surface {
            self.prims.connect(spec, &own, kind, format!("{}.{own}", inside.path))?;
            spec = inside.spec;
        }
        // Numbers are what they are, whatever the document says of its colours.
        let is_data = matches!(of, "float" | "integer") || of.starts_with("vector");
        let space = if is_data { "raw" } else { space };
        let space = (is_file && !space.is_empty()).then(|| self.prims.names.intern(space));
        let bytes = match &value {
            Value::Asset(text) | Value::String(text) => text.len(),
            _ => 0,
        };
        if let Some(property) = self.prims.property(spec, &own, kind, bytes)? {
            property.default = value;
            if let Some(space) = space {
                property.rare_mut().fields.push((Name::COLOR_SPACE, Value::Token(space)));
            }
        }
        Ok(())
    }

    /// Before 1.39 an input could name the channel it takes: a node that extracts it says the same.
    fn channel(
        &mut self,
        inside: &mut Inside,
        job: &Job,
        input: u32,
        source: String,
    ) -> Result<String, LayerError> {
        let element = self.document.at(input);
        let index = match element.get("channels") {
            "r" | "x" => 0,
            "g" | "y" => 1,
            "b" | "z" => 2,
            "a" | "w" => 3,
            _ => return Ok(source),
        };
        let (parent, above) = match &job.scope {
            Scope::Graph(_, spec, path) => (*spec, path.to_string()),
            Scope::Top => match self.loose(inside)? {
                Some(loose) => (loose, format!("{}/NodeGraphs", inside.path)),
                None => return Ok(source),
            },
        };
        let node = self.document.at(job.element).get("name");
        let name = identifier(&format!("{node}_{}_channel", element.get("name")));
        let Some(spec) = self.prims.add(parent, &name, "Shader")? else { return Ok(source) };
        let id = Value::Token(self.prims.names.intern("ND_extract_color4"));
        self.prims.say(spec, "info:id", "token", id)?;
        self.prims.say(spec, "inputs:index", "int", Value::Int(index))?;
        self.prims.connect(spec, "inputs:in", "color4f", source)?;
        Ok(format!("{above}/{name}.outputs:out"))
    }
}
