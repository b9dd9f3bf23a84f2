//! A web service that imports uploads: its runtime never waits for the importer.
//!
//! ```text
//! cargo run --example axum_host -- sqlite://people.db 127.0.0.1:8080
//! curl --data-binary @examples/data/volunteers.csv http://127.0.0.1:8080/imports   # {"run":1}
//! curl --no-buffer http://127.0.0.1:8080/imports/1/events                          # progress, then the report
//! curl http://127.0.0.1:8080/quarantine                                            # rows that are held back
//! ```
//!
//! A run has a thread of its own ([`Importer::start`]). Calls that take milliseconds go through `spawn_blocking`. Who calls is
//! always the same actor here; a real service makes one for each user, with the role that the user has.

#![allow(clippy::print_stdout, reason = "an example prints")]

use std::collections::HashMap;
use std::convert::Infallible;
use std::io::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures_util::{Stream, StreamExt as _, stream};
use importer::QuarantineFilter;
use importer::service::{Actor, Role, RunHandle};
use importer::{Error, ErrorKind, Importer, RowId, RunId, RunRequest};
use serde::Deserialize;
use serde_json::{Value, json};

/// How often the progress of a run is looked at.
const TICK: Duration = Duration::from_millis(200);

#[derive(Clone)]
struct Host {
    importer: Importer,
    /// Runs of this process that have not ended yet, or just have.
    runs: Arc<Mutex<HashMap<i64, RunHandle>>>,
    uploads: Arc<tempfile::TempDir>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let database = arguments.next().unwrap_or_else(|| "sqlite://people.db".into());
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:8080".into());
    let importer = Importer::builder().database(database).plugin(importer_adapter_csv::plugin()).build()?;
    let host = Host { importer, runs: Arc::default(), uploads: Arc::new(tempfile::tempdir()?) };
    let routes = Router::new()
        .route("/imports", post(import))
        .route("/imports/{run}", get(status).delete(cancel))
        .route("/imports/{run}/events", get(events))
        .route("/quarantine", get(quarantine))
        .with_state(host);
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, routes).await?;
    Ok(())
}

/// Takes a file and starts its import: the answer comes as soon as the run has a number.
async fn import(State(host): State<Host>, body: Body) -> Result<Response, Failure> {
    // The upload goes to a file piece by piece, so that its size does not matter. The run reads it, and a run that was
    // interrupted reads it again: a real service keeps its uploads.
    let (mut file, path) = tempfile::Builder::new()
        .suffix(".csv")
        .tempfile_in(host.uploads.path())
        .and_then(|file| file.keep().map_err(|error| error.error))?;
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|error| Failure(StatusCode::BAD_REQUEST, "config", error.to_string()))?;
        file.write_all(&piece)?;
    }
    let started = blocking(&host, move |host| {
        let handle = host.importer.desk(clerk()).start(&RunRequest::new("csv").file(&path), "an upload")?;
        match handle.run() {
            Some(run) => {
                host.runs().insert(run.0, handle);
                Ok(run)
            }
            // It could not begin; the error says why.
            None => handle.join().map(|report| report.run_id),
        }
    });
    Ok((StatusCode::ACCEPTED, Json(json!({ "run": started.await? }))).into_response())
}

/// How a run is: its progress while it is at work here, its report afterwards.
async fn status(State(host): State<Host>, Path(run): Path<i64>) -> Result<Json<Value>, Failure> {
    blocking(&host, move |host| host.status(run)).await.map(Json)
}

/// Ends a run for good, after its batch.
async fn cancel(State(host): State<Host>, Path(run): Path<i64>) -> Result<StatusCode, Failure> {
    match host.runs().get(&run) {
        Some(handle) => handle.cancel(),
        None => return Err(Failure(StatusCode::NOT_FOUND, "not_found", format!("run {run} is not at work"))),
    }
    Ok(StatusCode::ACCEPTED)
}

/// Progress as server-sent events, and the report as the last one.
async fn events(State(host): State<Host>, Path(run): Path<i64>) -> impl IntoResponse {
    Sse::new(progress(host, run))
}

fn progress(host: Host, run: i64) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(Some(Duration::ZERO), move |wait| {
        let host = host.clone();
        async move {
            tokio::time::sleep(wait?).await;
            let told = blocking(&host, move |host| host.status(run)).await;
            let (name, data, next) = match told {
                Ok(status) if status["status"] == "running" => ("progress", status, Some(TICK)),
                Ok(report) => ("report", report, None),
                Err(Failure(_, code, message)) => ("error", json!({ "code": code, "error": message }), None),
            };
            Some((Ok(Event::default().event(name).data(data.to_string())), next))
        }
    })
}

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    after: i64,
    #[serde(default)]
    limit: i64,
}

/// A page of rows that are held back, behind the row `after`.
async fn quarantine(State(host): State<Host>, Query(page): Query<Page>) -> Result<Json<Value>, Failure> {
    let limit = if (1..=500).contains(&page.limit) { page.limit } else { 50 };
    let filter = QuarantineFilter { after: RowId(page.after), limit, ..QuarantineFilter::default() };
    let rows =
        blocking(&host, move |host| host.importer.desk(clerk()).quarantine("volunteer", &filter)).await?;
    let next = rows.last().filter(|_| rows.len() as i64 == limit).map(|row| row.row);
    Ok(Json(json!({ "rows": rows, "next": next })))
}

fn clerk() -> Actor {
    Actor::new("web", Role::Admin)
}

/// Does a short call on a thread where it may wait.
async fn blocking<T: Send + 'static>(
    host: &Host,
    call: impl FnOnce(&Host) -> Result<T, Error> + Send + 'static,
) -> Result<T, Failure> {
    let host = host.clone();
    match tokio::task::spawn_blocking(move || call(&host)).await {
        Ok(done) => done.map_err(Failure::from),
        Err(gone) => Err(Failure(StatusCode::INTERNAL_SERVER_ERROR, "invariant", gone.to_string())),
    }
}

impl Host {
    fn runs(&self) -> MutexGuard<'_, HashMap<i64, RunHandle>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn status(&self, run: i64) -> Result<Value, Error> {
        if let Some(handle) = self.runs().get(&run).filter(|handle| !handle.is_finished()) {
            return Ok(json!({ "run": run, "status": "running", "progress": handle.progress() }));
        }
        self.runs().remove(&run);
        let report = self.importer.desk(clerk()).report(RunId(run))?;
        Ok(serde_json::to_value(report).unwrap_or_default())
    }
}

/// What a client is told: a status of HTTP, the code of the error, and its text, which holds no personal data.
struct Failure(StatusCode, &'static str, String);

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let status = match error.kind() {
            ErrorKind::NotFound => StatusCode::NOT_FOUND,
            ErrorKind::Forbidden => StatusCode::FORBIDDEN,
            ErrorKind::Busy => StatusCode::CONFLICT,
            ErrorKind::Config | ErrorKind::Mapping | ErrorKind::Source => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self(status, error.kind().code(), error.to_string())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self(StatusCode::INTERNAL_SERVER_ERROR, "store", format!("the upload cannot be kept: {error}"))
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "code": self.1, "error": self.2 }))).into_response()
    }
}
