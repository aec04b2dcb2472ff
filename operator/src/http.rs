//! `/metrics`, `/healthz` and `/readyz`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Router, response::Response};

use crate::metrics::Metrics;

/// What is served.
#[derive(Clone)]
pub struct Served {
    /// The numbers.
    pub metrics: Arc<Metrics>,
    /// Whether this copy does what it is there for: it acts, or stands by.
    pub is_ready: Arc<AtomicBool>,
}

/// Serves until the process ends.
///
/// # Errors
///
/// When the address is taken.
pub async fn serve(listen: SocketAddr, served: Served) -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::bind(listen).await?;
    let routes = Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(ready))
        .with_state(served);
    axum::serve(listener, routes).await
}

async fn metrics(State(served): State<Served>) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], served.metrics.text()).into_response()
}

async fn ready(State(served): State<Served>) -> Response {
    match served.is_ready.load(Ordering::Relaxed) {
        true => "ok".into_response(),
        false => (StatusCode::SERVICE_UNAVAILABLE, "waits for the API server").into_response(),
    }
}
