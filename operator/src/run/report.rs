//! Writes what is to be said of a resource.

use k8s_openapi::api::core::v1::ObjectReference;
use kube::api::{Patch, PatchParams};
use kube::runtime::events::{Event, EventType};
use kube::{Api, ResourceExt};
use serde_json::json;

use super::kind::Kind;
use crate::context::{Context, Error};

/// Longest sentence of an Event, in bytes: Kubernetes refuses longer ones.
const NOTE_BYTES_MAX: usize = 1000;

/// Writes `status` where it differs from what `resource` has, and nothing where somebody wrote in
/// between: then what was planned is planned again. The resource as it is then, where it was written.
pub async fn status<K: Kind>(
    ctx: &Context<K>,
    resource: &K,
    status: &K::Status,
) -> Result<Option<K>, Error> {
    if resource.status() == Some(status) {
        return Ok(None);
    }
    let api: Api<K> =
        Api::namespaced(ctx.client.clone(), &resource.namespace().unwrap_or_default());
    let mut object = json!({
        "metadata": {"resourceVersion": resource.resource_version()},
        "status": status,
    });
    // A merge keeps what is left out: what is none now is said to be none.
    let before = serde_json::to_value(resource.status()).unwrap_or_default();
    clear(&mut object["status"], &before);
    let params = PatchParams::default();
    let written = api.patch_status(&resource.name_any(), &params, &Patch::Merge(&object)).await?;
    ctx.unseen.wrote(&written);
    Ok(Some(written))
}

/// Sets to null, in `now`, what is only in `before`.
fn clear(now: &mut serde_json::Value, before: &serde_json::Value) {
    if let (Some(now), Some(before)) = (now.as_object_mut(), before.as_object()) {
        for (key, was) in before {
            match now.get_mut(key) {
                Some(is) => clear(is, was),
                None => {
                    now.insert(key.clone(), serde_json::Value::Null);
                }
            }
        }
    }
}

/// Publishes Events. One that is lost is no reason to stop.
pub async fn events<K: Kind>(ctx: &Context<K>, resource: &K, events: &[(bool, String, String)]) {
    for (is_warning, reason, sentence) in events {
        publish(ctx, &resource.object_ref(&()), (*is_warning, reason, sentence)).await;
    }
}

/// Warns of what `resource` leaves in a namespace that ends: nothing can be created there, so that the
/// Event is one of the namespace, which lie in `default`.
pub async fn event_of_end<K: Kind>(ctx: &Context<K>, resource: &K, reason: &str, sentence: &str) {
    let namespace = ObjectReference {
        api_version: Some("v1".to_owned()),
        kind: Some("Namespace".to_owned()),
        name: resource.namespace(),
        ..ObjectReference::default()
    };
    let sentence = format!("{} {}: {sentence}", K::WORDS.kind, resource.name_any());
    publish(ctx, &namespace, (true, reason, &sentence)).await;
}

async fn publish<K: Kind>(
    ctx: &Context<K>,
    of: &ObjectReference,
    (is_warning, reason, sentence): (bool, &str, &str),
) {
    let end = sentence.floor_char_boundary(NOTE_BYTES_MAX);
    let event = Event {
        type_: if is_warning { EventType::Warning } else { EventType::Normal },
        reason: reason.to_owned(),
        note: Some(sentence[..end].to_owned()),
        action: "Reconcile".to_owned(),
        secondary: None,
    };
    if let Err(error) = ctx.recorder.publish(&event, of).await {
        // The log is what is left.
        let name = of.name.as_deref();
        tracing::warn!(name, %error, "cannot publish an event: {sentence}");
    }
}
