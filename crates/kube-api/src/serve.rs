//! The network: requests come in over HTTP/1.1, one thread answers them, and time passes as it was asked to.

use crate::ask::{Answer, Ask, Body, LARGEST_BODY, Query, unescape};
use crate::cluster::Cluster;
use crate::status::Failure;
use crate::store::Stream;
use crate::stream::{self, Door, Switched};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Body as HttpBody, Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, header};
use hyper_util::rt::{TokioIo, TokioTimer};
use petri_objects::{Span, Time};
use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::LocalSet;
use tokio::time::{Sleep, sleep};

/// How time passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// So many seconds in one second; 0 only moves when it is asked to.
    Times(u32),
    /// It stands, but while somebody watches: then it goes from one event that a watcher hears of to the next.
    WhileWatched,
}

/// What is to be done with what has happened.
pub type Keep = Box<dyn Fn(&Cluster)>;

/// How often time moves by itself.
const TICK: Duration = Duration::from_millis(20);
/// How long clients get to think about what they were told, before more happens.
const THOUGHT: Duration = Duration::from_millis(60);
/// How much may pass unheard at first, before they get to think again; each time twice as much as before.
const FIRST_STEP: Span = Span::seconds(1);
/// How often watchers are told how far they are.
const BOOKMARK: Duration = Duration::from_secs(60);
/// How long a watch lasts if its client does not say, in seconds.
const LONGEST_WATCH: u64 = 1_800;
/// How much nobody hears of before the clock stands again.
const PATIENCE: Span = Span::minutes(10);
/// How long a body may take to arrive.
const SLOWEST_BODY: Duration = Duration::from_secs(30);
/// How many clients may be connected.
const MOST_CONNECTIONS: usize = 1_000;

/// Serves a cluster until the process is asked to stop: by Ctrl-C or, where there is such a thing, SIGTERM.
///
/// # Errors
/// The runtime cannot be started.
pub fn run(listener: std::net::TcpListener, mut cluster: Cluster, pace: Pace, keep: Keep) -> io::Result<()> {
    cluster.waits_for_polls = pace == Pace::WhileWatched;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let shared = Shared::new(cluster, pace);
        tokio::select! {
            () = accept(listener, shared.clone()) => {}
            () = pass(shared.clone(), &keep) => {}
            () = stopped() => {}
        }
        keep(&shared.cluster.borrow());
        Ok(())
    })
}

async fn stopped() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut end) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = end.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

struct Shared {
    cluster: Rc<RefCell<Cluster>>,
    pace: Pace,
    /// When somebody asked last.
    asked: Cell<Instant>,
    connections: Cell<usize>,
    /// How many there were so far.
    numbered: Cell<u64>,
}

impl Shared {
    fn new(cluster: Cluster, pace: Pace) -> Rc<Shared> {
        let asked = Cell::new(Instant::now());
        Rc::new(Shared {
            cluster: Rc::new(RefCell::new(cluster)),
            pace,
            asked,
            connections: Cell::new(0),
            numbered: Cell::new(0),
        })
    }
}

async fn accept(listener: TcpListener, shared: Rc<Shared>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) if shared.connections.get() < MOST_CONNECTIONS => {
                shared.connections.set(shared.connections.get() + 1);
                let shared = shared.clone();
                tokio::task::spawn_local(async move {
                    connection(stream, &shared).await;
                    shared.connections.set(shared.connections.get() - 1);
                });
            }
            Ok(_) => {}
            // Too many open files, for one: others may close theirs.
            Err(_) => sleep(TICK).await,
        }
    }
}

async fn connection(stream: TcpStream, shared: &Rc<Shared>) {
    let _ = stream.set_nodelay(true);
    let number = shared.numbered.get() + 1;
    shared.numbered.set(number);
    let service = service_fn(|request| one(request, number, shared.clone()));
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(120)).max_buf_size(1 << 20);
    // Whoever speaks no HTTP gets hyper's 400, or is hung up on.
    let _ = http.serve_connection(TokioIo::new(stream), service).with_upgrades().await;
}

/// Why a connection is closed without an answer.
#[derive(Debug)]
struct Silence;

impl std::fmt::Display for Silence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the API server does not run")
    }
}
impl std::error::Error for Silence {}

async fn one(request: Request<Incoming>, connection: u64, shared: Rc<Shared>) -> Result<Response<Sent>, Silence> {
    let path = unescape(request.uri().path(), false);
    let streams = {
        let cluster = shared.cluster.borrow();
        cluster.run.serves().then(|| stream::place(&path, &cluster.run)).flatten()
    };
    if let Some(place) = streams {
        shared.asked.set(Instant::now());
        let ask = asked(&request, connection);
        let door = Door::new(shared.cluster.clone(), shared.pace == Pace::WhileWatched);
        return match stream::open(request, &ask, &place, &door) {
            Ok(switched) => switching(&switched),
            Err(failure) => respond(failure.answer(), 0),
        };
    }
    let answer = match read(request, connection).await {
        Ok(ask) => {
            shared.asked.set(Instant::now());
            let answer = shared.cluster.borrow_mut().answer(&ask);
            let seconds = ask.query.text("timeoutSeconds").parse().unwrap_or(LONGEST_WATCH).min(LONGEST_WATCH * 2);
            (answer, seconds)
        }
        Err(failure) => (failure.answer(), 0),
    };
    respond(answer.0, answer.1)
}

/// The whole of a request, if it is not too large.
async fn read(request: Request<Incoming>, connection: u64) -> Result<Ask, Failure> {
    let ask = asked(&request, connection);
    let body = request.into_body();
    let too_large =
        || Failure::new(413, "RequestEntityTooLarge", format!("Request entity too large: limit is {LARGEST_BODY}"));
    let body = match tokio::time::timeout(SLOWEST_BODY, Limited::new(body, LARGEST_BODY).collect()).await {
        Ok(Ok(body)) => body.to_bytes().to_vec(),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => return Err(too_large()),
        Ok(Err(error)) => return Err(Failure::bad_request(format!("the body could not be read: {error}"))),
        Err(_) => return Err(Failure::new(408, "Timeout", "the body of the request did not arrive in time")),
    };
    Ok(Ask { body, ..ask })
}

/// A request without its body.
fn asked(request: &Request<Incoming>, connection: u64) -> Ask {
    let header =
        |name| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    Ask {
        method: request.method().as_str().to_owned(),
        path: unescape(request.uri().path(), false),
        query: Query::parse(request.uri().query().unwrap_or_default()),
        accept: header(header::ACCEPT),
        content_type: header(header::CONTENT_TYPE),
        agent: header(header::USER_AGENT),
        body: Vec::new(),
        connection,
    }
}

/// The connection is a WebSocket from here on.
fn switching(switched: &Switched) -> Result<Response<Sent>, Silence> {
    let response = Response::builder()
        .status(hyper::StatusCode::SWITCHING_PROTOCOLS)
        .header(header::UPGRADE, "websocket")
        .header(header::CONNECTION, "Upgrade")
        .header(header::SEC_WEBSOCKET_ACCEPT, switched.accept.as_str())
        .header(header::SEC_WEBSOCKET_PROTOCOL, switched.protocol);
    response.body(Sent::Whole(None)).map_err(|_| Silence)
}

fn respond(answer: Answer, seconds: u64) -> Result<Response<Sent>, Silence> {
    let mut response = Response::builder()
        .status(answer.code)
        .header(header::CONTENT_TYPE, answer.content_type)
        .header(header::CACHE_CONTROL, "no-cache, private");
    for warning in &answer.warnings {
        let text: String = warning.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let quoted = text.replace('\\', "\\\\").replace('"', "\\\"");
        if let Ok(value) = header::HeaderValue::from_bytes(format!("299 - \"{quoted}\"").as_bytes()) {
            response = response.header(header::WARNING, value);
        }
    }
    if let Some(seconds) = answer.retry_after {
        response = response.header(header::RETRY_AFTER, seconds);
    }
    let body = match answer.body {
        Body::Text(text) => Sent::Whole(Some(text.into())),
        Body::Stream(stream) => Sent::Lines(stream, Box::pin(sleep(Duration::from_secs(seconds)))),
        Body::Silence => return Err(Silence),
    };
    // Everything in it was made here: a status, and headers of plain text.
    response.body(body).map_err(|_| Silence)
}

/// What goes out.
enum Sent {
    Whole(Option<Bytes>),
    /// A watch, until it has lasted long enough.
    Lines(Stream, Pin<Box<Sleep>>),
}

impl HttpBody for Sent {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Sent::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Sent::Lines(stream, end) => {
                if let Poll::Ready(line) = stream.0.poll_recv(context) {
                    return Poll::Ready(line.map(|line| Ok(Frame::data(line.into()))));
                }
                end.as_mut().poll(context).map(|()| None)
            }
        }
    }
    fn size_hint(&self) -> hyper::body::SizeHint {
        match self {
            Sent::Whole(bytes) => {
                hyper::body::SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
            Sent::Lines(..) => hyper::body::SizeHint::default(),
        }
    }
}

/// Time passes, watchers hear how far they are, and what has happened is kept.
async fn pass(shared: Rc<Shared>, keep: &Keep) {
    let begun = (Instant::now(), shared.cluster.borrow().run.timeline.now());
    let (mut marked, mut kept, mut shown) = (Instant::now(), Instant::now(), (Time::ZERO, 0));
    let mut course = Course { asked: Instant::now(), since: Time::ZERO, step: FIRST_STEP };
    loop {
        sleep(TICK).await;
        match shared.pace {
            Pace::Times(0) => {}
            Pace::Times(times) => {
                let passed = begun.0.elapsed().as_micros() as u64;
                let until = begun.1 + Span(passed.saturating_mul(u64::from(times)));
                while !shared.cluster.borrow_mut().play_until(until) {
                    tokio::task::yield_now().await;
                }
            }
            Pace::WhileWatched => {
                if course.goes_on(&shared) {
                    sleep(THOUGHT).await;
                }
            }
        }
        if marked.elapsed() >= BOOKMARK {
            marked = Instant::now();
            let cluster = &mut *shared.cluster.borrow_mut();
            cluster.watchers.bookmark(&cluster.run);
        }
        if kept.elapsed() >= Duration::from_secs(1) {
            kept = Instant::now();
            let cluster = shared.cluster.borrow();
            let state = (cluster.run.timeline.now(), cluster.run.timeline.done());
            if state != shown {
                shown = state;
                keep(&cluster);
            }
        }
    }
}

/// How time goes on while somebody watches: to the next thing that a watcher hears of.
struct Course {
    /// The last request.
    asked: Instant,
    /// The moment since which nobody has heard anything.
    since: Time,
    /// How much may pass unheard.
    step: Span,
}

impl Course {
    /// `false` if nobody waits, or nobody has heard anything.
    fn goes_on(&mut self, shared: &Shared) -> bool {
        let mut cluster = shared.cluster.borrow_mut();
        let (asked, now) = (shared.asked.get(), cluster.run.timeline.now());
        if self.asked != asked {
            *self = Course { asked, since: now, step: FIRST_STEP };
        }
        let waits = cluster.watchers.count() > 0 && cluster.watchers.are_up_to_date();
        let left = (self.since + PATIENCE).since(now);
        if !waits || asked.elapsed() < THOUGHT || left == Span::ZERO {
            return false;
        }
        if cluster.play_until_told(left.min(self.step)) {
            *self = Course { asked, since: cluster.run.timeline.now(), step: FIRST_STEP };
            return true;
        }
        self.step = Span(self.step.0.saturating_mul(2));
        false
    }
}
