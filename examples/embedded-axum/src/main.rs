//! A web service that takes rows, runs a pipeline over them, and answers from its results: `POST /payments`, `GET /large/{card}`.

use std::path::Path as FilePath;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use tokio::net::TcpListener;
use waterwheel::View;
use waterwheel::prelude::*;

#[derive(Debug, Clone, PartialEq, Record)]
struct Payment {
    card: u64,
    number: u64,
    cents: i64,
}

topics! {
    Payments("payments"): Payment { key: card, partitions: 4 }
    Large("large"): Payment { key: card, partitions: 4 }
}

#[pipeline]
fn large(least: i64) {
    source(Payments).filter(|p| p.cents >= least).sink(Large);
}

/// What the handlers share. A clone is the same topic and the same view.
#[derive(Clone)]
struct Service {
    payments: TypedTopic<Payments>,
    large: View<Large, u64>,
}

impl Service {
    fn open(store: &Store) -> waterwheel::Result<Service> {
        Ok(Service { payments: TypedTopic::open(store, Payments)?, large: Large.view(store)? })
    }

    fn router(self) -> Router {
        Router::new()
            .route("/payments", post(pay))
            .route("/large/{card}", get(last))
            .route("/large/{from}/{to}", get(range))
            .with_state(self)
    }
}

/// All of them or none: they are on disk when it answers.
async fn pay(
    State(service): State<Service>,
    Json(payments): Json<Vec<Payment>>,
) -> Result<StatusCode, Failure> {
    service.payments.append_async(payments).await?;
    Ok(StatusCode::CREATED)
}

/// The last large payment of a card. Taking in what was committed since the last request is quick, so it is done right here.
async fn last(State(service): State<Service>, Path(card): Path<u64>) -> Result<Response, Failure> {
    Ok(match service.large.get(&card)? {
        Some(payment) => Json(&*payment).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    })
}

/// The last large payments of some cards, as of one commit.
async fn range(
    State(service): State<Service>,
    Path((from, to)): Path<(u64, u64)>,
) -> Result<Json<Vec<Payment>>, Failure> {
    let now = service.large.now()?;
    Ok(Json(now.range(from..=to).map(|(_, payment)| payment.clone()).collect()))
}

/// What went wrong in the log, as an answer.
struct Failure(waterwheel::Error);

impl From<waterwheel::Error> for Failure {
    fn from(error: waterwheel::Error) -> Failure {
        Failure(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (StatusCode::INTERNAL_SERVER_ERROR, self.0.to_string()).into_response()
    }
}

/// Where it listens.
const ADDRESS: &str = "127.0.0.1:3000";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store = Store::open(FilePath::new("waterwheel-data/embedded-axum"))?;
    let job = large(10_000).start(&store, RunOptions::new())?;
    let in_the_way = |error: std::io::Error| {
        format!("cannot listen on {ADDRESS}: {error}; stop what listens there, or choose another port")
    };
    let listener = TcpListener::bind(ADDRESS).await.map_err(in_the_way)?;
    println!("listening on http://{}", listener.local_addr()?);
    let ended = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    axum::serve(listener, Service::open(&store)?.router()).with_graceful_shutdown(ended).await?;
    job.stop()?;
    store.close()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{SocketAddr, TcpStream};

    use super::*;

    /// The status and the body of an answer.
    fn ask(at: SocketAddr, method: &str, path: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(at).unwrap();
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    #[test]
    fn payments_go_in_and_large_ones_are_answered() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let job = large(10_000).start(&store, RunOptions::new()).unwrap();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let at = listener.local_addr().unwrap();
        let router = Service::open(&store).unwrap().router();
        let serving = runtime.spawn(async { axum::serve(listener, router).await });

        assert_eq!(ask(at, "GET", "/large/4000", ""), (404, String::new()));
        let payments = r#"[{"card":4000,"number":1,"cents":250},{"card":4000,"number":2,"cents":90000},{"card":5000,"number":3,"cents":10000}]"#;
        assert_eq!(ask(at, "POST", "/payments", payments), (201, String::new()));
        assert_eq!(ask(at, "POST", "/payments", r#"[{"card":4000}]"#).0, 422);
        job.wait_until_caught_up().unwrap();
        let first = r#"{"card":4000,"number":2,"cents":90000}"#;
        let second = r#"{"card":5000,"number":3,"cents":10000}"#;
        assert_eq!(ask(at, "GET", "/large/4000", ""), (200, first.to_owned()));
        assert_eq!(ask(at, "GET", "/large/4000/9999", ""), (200, format!("[{first},{second}]")));
        assert_eq!(ask(at, "GET", "/large/4001/9999", ""), (200, format!("[{second}]")));

        serving.abort();
        job.stop().unwrap();
    }
}
