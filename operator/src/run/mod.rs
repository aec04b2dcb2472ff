//! Makes the cluster match one resource that has runs: the same trip whatever its kind.
//!
//! gather (reads) -> plan (pure) -> build (pure) -> apply (writes) -> report (status)

pub mod apply;
pub mod build;
pub mod deletion;
pub mod found;
pub mod gather;
pub mod kind;
pub mod names;
pub mod plan;
pub mod report;
pub mod say;
pub mod trouble;
#[cfg(test)]
pub mod world;

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use kube::ResourceExt;
use kube::runtime::controller::Action;
use vitrine_crds::library::status::Phase;

use self::kind::Standing;
use self::plan::Course;
use crate::cache::kept::Kept;
use crate::context::{Context, Error};
use crate::slots::Place;

/// Turns of one pass: what was just written is planned on at once.
const TURNS_MAX: usize = 8;
/// How long until a pass looks again for what we wrote and have not heard of.
const UNSEEN: Duration = Duration::from_millis(20);

/// One pass over one resource.
pub async fn reconcile<K: Course>(
    kept: Arc<Kept<K>>,
    ctx: Arc<Context<K>>,
) -> Result<Action, Error> {
    if ctx.unseen.is_old(&kept) {
        return Ok(Action::requeue(UNSEEN));
    }
    ctx.jobs.ready().await;
    let _timer = ctx.metrics.reconcile_timer();
    let mut resource = kept.unpack()?;
    let namespace = resource.namespace().unwrap_or_default();
    let place = Place { resource: kept.uid(), namespace: &namespace };
    if resource.meta().deletion_timestamp.is_some() {
        ctx.slots.leave(place);
        let again = deletion::delete(&ctx, &resource, Utc::now()).await?;
        if again.is_none() {
            ctx.metrics.forget(&resource);
        }
        return Ok(again
            .map_or_else(Action::await_change, |secs| Action::requeue(Duration::from_secs(secs))));
    }
    if let Some(guarded) = deletion::guard(&ctx, &resource).await? {
        resource = guarded;
    }
    for _ in 0..TURNS_MAX {
        let plan = turn(&ctx, &resource, place, &kept).await?;
        let written = report::status(&ctx, &resource, &plan.status).await?;
        report::events(&ctx, &resource, &plan.events).await;
        ctx.metrics.planned(&resource, &plan.status);
        match (written, plan.again_secs) {
            (Some(written), Some(0)) => resource = written,
            (_, None) => return Ok(Action::await_change()),
            (_, Some(secs)) => return Ok(requeue(secs)),
        }
    }
    Ok(requeue(1))
}

/// Gathers, plans and does what is planned; a run begins only where there is a place for it.
async fn turn<K: Course>(
    ctx: &Context<K>,
    resource: &K,
    place: Place<'_>,
    kept: &Kept<K>,
) -> Result<plan::Plan<K::Status>, Error> {
    let now = Utc::now();
    let mut found = gather::gather(ctx, resource, now).await?;
    let mut plan = plan::plan(resource, &found, ctx.settings.limits(), now);
    let is_begun = !resource.status().is_some_and(is_under_way) && is_under_way(&plan.status);
    if is_begun && let Err(others) = ctx.slots.take(place) {
        found.others_running = others;
        plan = plan::plan(resource, &found, ctx.settings.limits(), now);
    }
    if is_under_way(&plan.status) {
        ctx.slots.found(place);
    } else if plan.waits {
        let (reference, wake) = (kept.reference(), ctx.wake.clone());
        // Err: nobody looks after it any more.
        ctx.slots.wait(place, move || drop(wake.unbounded_send(reference)));
    } else {
        ctx.slots.leave(place);
    }
    apply::apply(ctx, resource, &plan.actions).await?;
    Ok(plan)
}

/// Whether a run is under way.
pub fn is_under_way(status: &impl Standing) -> bool {
    status.run().is_some_and(|run| match run.phase {
        Phase::Scanning | Phase::Working | Phase::Publishing | Phase::Cancelling => true,
        Phase::Succeeded | Phase::Failed => false,
    })
}

fn requeue(secs: i64) -> Action {
    Action::requeue(Duration::from_millis(secs.unsigned_abs().saturating_mul(1000).max(50)))
}

/// What happens to a pass that failed: it is tried again, later each time it fails in a row.
pub fn on_error<K: Course>(kept: Arc<Kept<K>>, error: &Error, ctx: Arc<Context<K>>) -> Action {
    ctx.metrics.reconcile_failed(error.reason());
    if error.is_conflict() {
        // Somebody wrote in between, perhaps we: what we saw was old.
        return Action::requeue(Duration::from_millis(200));
    }
    let error = error as &(dyn std::error::Error + 'static);
    tracing::warn!(
        kind = K::WORDS.kind,
        name = kept.name_any(),
        namespace = kept.namespace(),
        error,
        "cannot reconcile; will try again"
    );
    Action::requeue(Duration::from_secs(5))
}
