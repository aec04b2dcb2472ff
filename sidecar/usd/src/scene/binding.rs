//! Which material a prim is bound to.
//!
//! # Source
//!
//! `UsdShadeMaterialBindingAPI::ComputeBoundMaterial`: purpose `preview` before all purposes; the
//! nearest binding wins unless one further up is `strongerThanDescendants`; collections of a prim
//! come before its direct binding.

use crate::compose::ROOT;
use crate::layer::LayerError;
use crate::names::Name;
use crate::value::Value;

use super::Build;

/// Most collections that one prim binds.
const COLLECTIONS_MAX: usize = 256;

impl Build<'_, '_> {
    /// The look of what `prim` is bound to, if anything that can be shown.
    pub(super) fn look_of(&mut self, prim: u32) -> Result<Option<u32>, LayerError> {
        match self.bound_material(prim)? {
            Some(material) => self.look(material),
            None => Ok(None),
        }
    }

    /// The material that `prim` is bound to.
    pub(super) fn bound_material(&mut self, prim: u32) -> Result<Option<u32>, LayerError> {
        for (direct, collections) in [
            (Name::MATERIAL_BINDING_PREVIEW, "material:binding:collection:preview:"),
            (Name::MATERIAL_BINDING, "material:binding:collection:"),
        ] {
            let mut bound = None;
            let mut at = prim;
            while at != ROOT {
                if let Some((material, is_strong)) =
                    self.binding_at(at, prim, direct, collections)?
                    && (bound.is_none() || is_strong)
                {
                    bound = Some(material);
                }
                at = self.stage.prims[at as usize].parent;
            }
            if bound.is_some() {
                return Ok(bound);
            }
        }
        Ok(None)
    }

    /// The binding that `at` has for `prim`, and whether it is stronger than its descendants'.
    fn binding_at(
        &mut self,
        at: u32,
        prim: u32,
        direct: Name,
        collections: &str,
    ) -> Result<Option<(u32, bool)>, LayerError> {
        let mut named: Vec<Name> = Vec::new();
        let mut has_direct = false;
        for property in self.stage.placed(at).properties() {
            has_direct |= property.name == direct;
            let text = self.stage.names.text(property.name);
            let rest = text.strip_prefix(collections);
            // `collection:NAME` is for all purposes, `collection:PURPOSE:NAME` for one.
            if rest.is_some_and(|rest| !rest.contains(':'))
                && !named.contains(&property.name)
                && named.len() < COLLECTIONS_MAX
            {
                named.push(property.name);
            }
        }
        for name in named {
            let targets = self.stage.property_targets(at, name);
            let [(owner, Some(collection)), (material, None)] = &targets[..] else { continue };
            if let Some(owner) = self.stage.prim_at(owner)?
                && self.is_member(owner, *collection, prim)
                && let Some(material) = self.material_at(material)?
            {
                return Ok(Some((material, self.is_strong(at, name))));
            }
        }
        if has_direct
            && let Some(target) = self.stage.targets(at, direct).first().cloned()
            && let Some(material) = self.material_at(&target)?
        {
            return Ok(Some((material, self.is_strong(at, direct))));
        }
        Ok(None)
    }

    fn material_at(&mut self, path: &[Name]) -> Result<Option<u32>, LayerError> {
        let found = self.stage.prim_at(path)?;
        Ok(found.filter(|&found| self.type_text(found) == "Material"))
    }

    fn is_strong(&self, prim: u32, name: Name) -> bool {
        match self.stage.placed(prim).property_field(name, Name::BIND_MATERIAL_AS) {
            Some(Value::Token(token)) => self.stage.names.text(*token) == "strongerThanDescendants",
            Some(Value::String(text)) => &**text == "strongerThanDescendants",
            _ => false,
        }
    }

    /// Whether the collection includes `prim`, by its includes and excludes; collections of
    /// collections are not followed.
    fn is_member(&mut self, owner: u32, collection: Name, prim: u32) -> bool {
        let text = self.stage.names.text(collection).to_owned();
        let mut list = |part: &str| match self.stage.names.find(&format!("{text}:{part}")) {
            Some(name) => self.stage.targets(owner, name),
            None => Vec::new(),
        };
        let (includes, excludes) = (list("includes"), list("excludes"));
        let rule = self.stage.names.find(&format!("{text}:expansionRule"));
        let rule = rule.map_or("", |rule| self.text(owner, rule));
        let is_explicit = rule == "explicitOnly";
        let path = self.stage.path(prim);
        for length in (1..=path.len()).rev() {
            let above = &path[..length];
            if excludes.iter().any(|path| path == above) {
                return false;
            }
            if includes.iter().any(|path| path == above) {
                return !is_explicit || length == path.len();
            }
        }
        false
    }
}
