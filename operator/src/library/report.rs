//! Writes what is to be said of a library.

use k8s_openapi::api::core::v1::ObjectReference;
use kube::api::{Patch, PatchParams};
use kube::runtime::events::{Event, EventType};
use kube::{Api, Resource as _, ResourceExt};
use serde_json::json;
use vitrine_crds::library::Resource;
use vitrine_crds::library::status::AssetLibraryStatus;

use crate::context::{Context, Error};

/// Longest sentence of an Event, in bytes: Kubernetes refuses longer ones.
const NOTE_BYTES_MAX: usize = 1000;

/// Writes `status` where it differs from what `library` has, and nothing where somebody wrote in
/// between: then what was planned is planned again. The library as it is then, where it was written.
pub async fn status(
    ctx: &Context,
    library: &Resource,
    status: &AssetLibraryStatus,
) -> Result<Option<Resource>, Error> {
    if library.status.as_ref() == Some(status) {
        return Ok(None);
    }
    let api: Api<Resource> =
        Api::namespaced(ctx.client.clone(), &library.namespace().unwrap_or_default());
    let mut object = json!({
        "metadata": {"resourceVersion": library.resource_version()},
        "status": status,
    });
    // A merge keeps what is left out: what is none now is said to be none.
    let before = serde_json::to_value(&library.status).unwrap_or_default();
    clear(&mut object["status"], &before);
    let params = PatchParams::default();
    let written = api.patch_status(&library.name_any(), &params, &Patch::Merge(&object)).await?;
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
pub async fn events(ctx: &Context, library: &Resource, events: &[(bool, String, String)]) {
    for (is_warning, reason, sentence) in events {
        publish(ctx, &library.object_ref(&()), (*is_warning, reason, sentence)).await;
    }
}

/// Warns of what `library` leaves in a namespace that ends: nothing can be created there, so that the
/// Event is one of the namespace, which lie in `default`.
pub async fn event_of_end(ctx: &Context, library: &Resource, reason: &str, sentence: &str) {
    let namespace = ObjectReference {
        api_version: Some("v1".to_owned()),
        kind: Some("Namespace".to_owned()),
        name: library.namespace(),
        ..ObjectReference::default()
    };
    let sentence = format!("AssetLibrary {}: {sentence}", library.name_any());
    publish(ctx, &namespace, (true, reason, &sentence)).await;
}

async fn publish(
    ctx: &Context,
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
