//! The bulk sender against a real server, and through a proxy that does harm: nothing is lost,
//! nothing comes back twice, and every load ends.
#![allow(clippy::unwrap_used, reason = "a test may stop where it is surprised")]

use std::collections::BTreeSet;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use elasticsearch::http::transport::Transport;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use vitrine_bulk::{
    Action, BulkError, Closed, Done, Operation, Options, Receiver, Sender, Totals, Verdict,
};
use vitrine_tests::elasticsearch::{Elasticsearch, Name};
use vitrine_tests::proxy::{Fault, Proxy, Rule};

/// Longer than any load here takes; a load that hangs fails its test.
const ENDS_WITHIN: Duration = Duration::from_secs(60);

struct Set {
    server: Elasticsearch,
    index: Name,
    proxy: Proxy,
    runtime: Runtime,
}

fn set() -> Option<Set> {
    let server = Elasticsearch::find()?;
    let index = server.name("bulk");
    let mapping = json!({
        "settings": {"number_of_replicas": 0},
        "mappings": {"properties": {"n": {"type": "integer"}, "kept": {"enabled": false}}}
    });
    server.must("PUT", &format!("/{}", &*index), Some(&mapping));
    let proxy = Proxy::start(server.url());
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    Some(Set { server, index, proxy, runtime })
}

/// Small bodies, several requests, short patience.
fn options() -> Options {
    Options {
        body_documents_max: 20,
        request_timeout: Duration::from_secs(20),
        retry_for: Duration::from_secs(30),
        blocked_for: Duration::from_secs(30),
        pause_first: Duration::from_millis(10),
        pause_max: Duration::from_millis(100),
        ..Options::default()
    }
}

impl Set {
    fn start(&self, options: Options) -> (Sender<u64>, Receiver<u64>) {
        let transport = Transport::single_node(&self.proxy.url()).unwrap();
        let client = elasticsearch::Elasticsearch::new(transport);
        vitrine_bulk::start(self.runtime.handle(), client, options)
    }

    fn write(&self, number: u64, version: Option<u64>) -> Operation<u64> {
        let document = format!("{{\"n\":{number}}}");
        self.operation(number, version, Action::Index(document.into()))
    }

    fn operation(&self, number: u64, version: Option<u64>, action: Action) -> Operation<u64> {
        let index = (*self.index).into();
        Operation { index, id: format!("d{number}"), action, version, tag: number }
    }

    /// Hands `operations` in and takes every verdict.
    fn load(&self, options: Options, operations: Vec<Operation<u64>>) -> Ended {
        let (sender, receiver) = self.start(options);
        let sending = std::thread::spawn(move || {
            operations.into_iter().try_for_each(|operation| sender.send(operation))
        });
        let ended = receive(receiver);
        let _ = sending.join().unwrap();
        ended
    }

    /// Writes documents 0..`count` of version 1, and proves that all arrive, each verdict once.
    fn all_arrive(&self, count: u64, options: Options) -> Ended {
        let operations = (0..count).map(|number| self.write(number, Some(1))).collect();
        let ended = self.load(options, operations);
        assert_eq!(ended.error, None);
        assert!(ended.done.iter().all(|done| done.verdict == Verdict::Written));
        ended.adds_up(count);
        assert_eq!(self.server.count(&self.index), count);
        ended
    }
}

struct Ended {
    done: Vec<Done<u64>>,
    error: Option<BulkError>,
    totals: Totals,
}

impl Ended {
    /// Every operation came back once, with its own id, and is counted.
    fn adds_up(&self, count: u64) {
        let tags: BTreeSet<u64> = self.done.iter().map(|done| done.tag).collect();
        assert_eq!((self.done.len() as u64, tags.len() as u64), (count, count));
        let Totals { written, refused, superseded, retried, .. } = self.totals;
        assert_eq!(written + refused + superseded, count);
        let tries: u64 = self.done.iter().map(|done| u64::from(done.attempts)).sum();
        let never: u64 = self.done.iter().map(|done| u64::from(done.attempts == 0)).sum();
        assert_eq!(tries, count - never + retried);
    }
}

/// All that comes; fails where the end does not.
fn receive(mut receiver: Receiver<u64>) -> Ended {
    let (to, from) = mpsc::channel();
    std::thread::spawn(move || {
        let (mut done, mut error) = (Vec::new(), None);
        while let Some(next) = receiver.recv() {
            assert_eq!(error, None, "nothing comes after an error");
            match next {
                Ok(one) => done.push(one),
                Err(why) => error = Some(why),
            }
        }
        let _ = to.send(Ended { done, error, totals: receiver.totals() });
    });
    from.recv_timeout(ENDS_WITHIN).expect("the load ends")
}

#[test]
fn every_operation_comes_back_once_and_the_counters_add_up() {
    let Some(set) = set() else { return };
    let ended = set.all_arrive(2_000, options());
    assert_eq!((ended.totals.retried, ended.totals.written), (0, 2_000));
    assert_eq!(ended.totals.requests as usize, set.proxy.count("POST", "_bulk"));
    assert_eq!(ended.totals.bytes as usize, set.proxy.request_bytes());
}

#[test]
fn nothing_is_lost_or_doubled_by_servers_that_are_busy_or_connections_that_break() {
    let faults = [
        ("items", Fault::items(429, |number, _| number % 3 == 1)),
        ("shards", Fault::items(503, |number, _| number % 2 == 1)),
        ("all items", Fault::items(429, |_, _| true)),
        ("429", Fault::status(429)),
        ("503", Fault::retry_after(503, 0)),
        ("502", Fault::status(502)),
        ("refused", Fault::Refuse),
        ("cut in the request", Fault::CutRequest),
        ("cut in the answer", Fault::CutAnswer),
        ("no answer", Fault::NoAnswer),
    ];
    for (name, fault) in faults {
        let Some(set) = set() else { return };
        // The first requests, and some later ones.
        set.proxy.rule(Rule::on("POST", "_bulk", fault.clone()).times(5));
        set.proxy.rule(Rule::on("POST", "_bulk", fault).nth(9).times(2));
        let ended = set.all_arrive(400, options());
        assert!(ended.totals.retried > 0, "{name}: {:?}", ended.totals);
        let versions = set.server.search(&set.index, &json!({"size": 500, "version": true}));
        let hits = versions["hits"]["hits"].as_array().unwrap();
        assert!(hits.iter().all(|hit| hit["_version"] == 1), "{name}");
    }
}

#[test]
fn a_request_that_takes_too_long_is_sent_again() {
    let Some(set) = set() else { return };
    set.proxy.rule(Rule::on("POST", "_bulk", Fault::Delay(Duration::from_secs(3))).times(2));
    let options = Options { request_timeout: Duration::from_millis(1500), ..options() };
    let ended = set.all_arrive(100, options);
    assert!(ended.totals.retried > 0);
}

#[test]
fn a_server_that_stays_away_or_busy_ends_the_load_within_its_bounds() {
    let few = || Options { attempts_max: 4, ..options() };
    for (fault, attempts_max) in [(Fault::status(429), 4), (Fault::Refuse, 4)] {
        let Some(set) = set() else { return };
        set.proxy.rule(Rule::on("POST", "_bulk", fault));
        let operations = (0..500).map(|number| set.write(number, Some(1))).collect();
        let ended = set.load(few(), operations);
        let error = ended.error.unwrap();
        assert!(error.is_transient());
        match error {
            BulkError::Overloaded { attempts, status: 429, .. }
            | BulkError::Unreachable { attempts, .. } => assert_eq!(attempts, attempts_max),
            other => panic!("{other}"),
        }
        assert_eq!(ended.done.len(), 0);
    }
    let Some(set) = set() else { return };
    set.proxy.rule(Rule::on("POST", "_bulk", Fault::items(429, |number, _| number == 0)));
    let short = Options { retry_for: Duration::from_secs(1), attempts_max: 1_000, ..options() };
    let begin = Instant::now();
    let ended = set.load(short, (0..20).map(|number| set.write(number, Some(1))).collect());
    assert!(matches!(ended.error, Some(BulkError::Overloaded { waiting: 1, .. })));
    assert_eq!(ended.done.len(), 19, "the others of the same body have their verdicts");
    assert!(begin.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_block_is_waited_out_or_named_and_costs_no_tries() {
    let Some(set) = set() else { return };
    let block = |on: Value| {
        let settings = json!({"index.blocks.read_only_allow_delete": on});
        set.server.must("PUT", &format!("/{}/_settings", &*set.index), Some(&settings));
    };
    block(json!(true));
    let impatient = Options { blocked_for: Duration::from_millis(500), ..options() };
    let ended = set.load(impatient, vec![set.write(0, Some(1))]);
    let Some(BulkError::Blocked { index, reason }) = ended.error else {
        panic!("{:?}", ended.error)
    };
    assert_eq!(index, *set.index);
    assert!(reason.contains("read-only-allow-delete"), "{reason}");
    // Released after more tries than a busy server gets.
    let few = Options { attempts_max: 3, ..options() };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_secs(2));
            // What follows the block is a fault of another kind: its tries are counted anew.
            set.proxy.rule(Rule::on("POST", "_bulk", Fault::items(429, |_, _| true)).times(1));
            block(Value::Null);
        });
        let ended = set.all_arrive(30, few);
        assert!(ended.done.iter().any(|done| done.attempts > 3));
    });
}

#[test]
fn an_index_that_is_closed_ends_the_load_and_refuses_no_document() {
    let Some(set) = set() else { return };
    set.server.must("POST", &format!("/{}/_close", &*set.index), None);
    let impatient = Options { blocked_for: Duration::from_millis(300), ..options() };
    let ended = set.load(impatient, vec![set.write(0, Some(1))]);
    assert!(matches!(ended.error, Some(BulkError::Blocked { .. })), "{:?}", ended.error);
    assert!(ended.done.is_empty());
}

#[test]
fn a_document_that_no_server_takes_is_refused_with_its_reason_and_alone() {
    let Some(set) = set() else { return };
    let document = |bytes: &'static [u8]| Action::Index(Bytes::from_static(bytes));
    let mut long = set.write(5, Some(1));
    long.id = "i".repeat(513);
    let mut nameless = set.write(6, Some(1));
    nameless.id.clear();
    let large = format!("{{\"kept\":\"{}\"}}", "x".repeat(2_000));
    let operations = vec![
        set.write(0, Some(1)),
        set.operation(1, Some(1), document(b"{\"n\":\"a word\"}")),
        set.operation(2, Some(1), document(b"{\"n\":")),
        set.operation(3, Some(1), document(b"{\n}")),
        set.operation(4, Some(1), document(b"")),
        long,
        nameless,
        set.write(7, Some(u64::MAX)),
        set.operation(8, Some(1), Action::Index(large.into())),
        set.write(9, Some(1)),
    ];
    let small = Options { document_bytes_max: 1_000, ..options() };
    let ended = set.load(small, operations);
    assert_eq!(ended.error, None);
    ended.adds_up(10);
    assert_eq!((ended.totals.written, ended.totals.refused), (2, 8));
    for done in &ended.done {
        match &done.verdict {
            Verdict::Written => assert!([0, 9].contains(&done.tag)),
            Verdict::Refused { status, kind, reason } => {
                assert_eq!(*status, if done.tag == 8 { 413 } else { 400 });
                assert!(!kind.is_empty() && !reason.is_empty());
                assert!(done.tag != 1 || reason.contains("a word"), "{reason}");
            }
            other @ Verdict::Superseded { .. } => panic!("{other:?}"),
        }
    }
    assert_eq!(set.server.count(&set.index), 2);
}

#[test]
fn a_higher_version_stays_an_equal_one_is_written_over_and_the_absent_may_be_removed() {
    let Some(set) = set() else { return };
    let at = |version| (0..10).map(|number| set.write(number, Some(version))).collect();
    let verdicts = |ended: &Ended| {
        assert_eq!(ended.error, None);
        ended.done.iter().map(|done| done.verdict.clone()).collect::<Vec<_>>()
    };
    assert_eq!(verdicts(&set.load(options(), at(5))), vec![Verdict::Written; 10]);
    assert_eq!(verdicts(&set.load(options(), at(5))), vec![Verdict::Written; 10]);
    let superseded = Verdict::Superseded { current: Some(5) };
    assert_eq!(verdicts(&set.load(options(), at(4))), vec![superseded.clone(); 10]);
    let delete = |number, version| vec![set.operation(number, Some(version), Action::Delete)];
    assert_eq!(verdicts(&set.load(options(), delete(3, 4))), [superseded]);
    assert_eq!(verdicts(&set.load(options(), delete(77, 6))), [Verdict::Written]);
    assert_eq!(verdicts(&set.load(options(), delete(3, 6))), [Verdict::Written]);
    // The deletion itself has a version, and stands for a while.
    let late = set.load(options(), vec![set.write(3, Some(5))]);
    assert_eq!(verdicts(&late), [Verdict::Superseded { current: None }]);
    assert_eq!(set.server.count(&set.index), 9);
}

#[test]
fn an_index_that_is_removed_ends_the_load_where_an_alias_is_required() {
    let Some(set) = set() else { return };
    set.server.must("DELETE", &format!("/{}", &*set.index), None);
    let aliased = Options { require_alias: true, ..options() };
    let ended = set.load(aliased, vec![set.write(0, Some(1))]);
    assert!(matches!(ended.error, Some(BulkError::IndexMissing { .. })), "{:?}", ended.error);
    assert!(set.server.indices(&set.index).is_empty());
    // Without, the server makes one of its own accord: why `require_alias` exists.
    let ended = set.load(options(), vec![set.write(0, Some(1))]);
    assert_eq!((ended.error, ended.totals.written), (None, 1));
    assert_eq!(set.server.indices(&set.index), [(*set.index).to_owned()]);
}

#[test]
fn a_body_too_large_for_the_server_is_halved_until_one_document_is_alone() {
    let Some(set) = set() else { return };
    set.proxy.rule(Rule::on("POST", "_bulk", Fault::status(413)).times(4));
    let one = Options { requests_max: 1, ..options() };
    let ended = set.load(one, (0..40).map(|number| set.write(number, Some(1))).collect());
    assert_eq!((ended.error, ended.totals.written, ended.totals.refused), (None, 40, 0));
    assert_eq!(set.server.count(&set.index), 40);
    set.proxy.heal();
    set.proxy.rule(Rule::on("POST", "_bulk", Fault::status(413)));
    let ended = set.load(options(), (0..8).map(|number| set.write(number, Some(1))).collect());
    assert_eq!((ended.error, ended.totals.refused), (None, 8));
    assert!(
        ended.done.iter().all(|done| matches!(done.verdict, Verdict::Refused { status: 413, .. }))
    );
}

#[test]
fn a_refused_login_ends_the_load_at_once_and_wakes_who_waits_for_room() {
    for status in [401_u16, 403] {
        let Some(set) = set() else { return };
        let body =
            json!({"error": {"type": "security_exception", "reason": "no"}, "status": status});
        let fault = Fault::Answer { status, fields: Vec::new(), body: body.to_string() };
        set.proxy.rule(Rule::on("POST", "_bulk", fault));
        // Room for less than there are free places: whoever hands in waits, and nothing else comes.
        let narrow = Options { waiting_documents_max: 5, ..options() };
        let (sender, receiver) = set.start(narrow);
        let operations: Vec<_> = (0..50).map(|number| set.write(number, Some(1))).collect();
        let sending = std::thread::spawn(move || {
            let sent = operations.into_iter().try_for_each(|operation| sender.send(operation));
            (sent, sender) // Still held: the load must not need its end.
        });
        let ended = receive(receiver);
        match ended.error {
            Some(BulkError::Unauthorized { .. }) => assert_eq!(status, 401),
            Some(BulkError::Forbidden { .. }) => assert_eq!(status, 403),
            other => panic!("{other:?}"),
        }
        assert_eq!(sending.join().unwrap().0, Err(Closed));
    }
}

#[test]
fn what_is_no_answer_to_the_request_is_not_believed() {
    for change in ["{\"errors\":false,\"items\":[]}", "<html>", "{}"] {
        let Some(set) = set() else { return };
        let rewrite = Fault::rewrite(move |_| change.as_bytes().to_vec());
        set.proxy.rule(Rule::on("POST", "_bulk", rewrite));
        let ended = set.load(options(), vec![set.write(0, Some(1))]);
        assert!(matches!(ended.error, Some(BulkError::Protocol { .. })), "{:?}", ended.error);
        assert!(ended.done.is_empty());
    }
}

#[test]
fn a_receiver_that_takes_nothing_stops_the_sender() {
    for (documents_max, bytes_max) in [(50, usize::MAX), (usize::MAX, 50 * 90)] {
        let Some(set) = set() else { return };
        let options = Options {
            waiting_documents_max: documents_max,
            waiting_bytes_max: bytes_max,
            ..options()
        };
        let (sender, receiver) = set.start(options);
        let (count_to, count) = mpsc::channel();
        let operations: Vec<_> = (0..500).map(|number| set.write(number, Some(1))).collect();
        let sending = std::thread::spawn(move || {
            for operation in operations {
                sender.send(operation).unwrap();
                count_to.send(()).unwrap();
            }
        });
        std::thread::sleep(Duration::from_secs(1));
        let handed_in = count.try_iter().count();
        assert!((40..=60).contains(&handed_in), "{handed_in}");
        let ended = receive(receiver);
        sending.join().unwrap();
        ended.adds_up(500);
    }
}

#[test]
fn a_receiver_that_goes_away_ends_the_load_and_wakes_the_sender() {
    let Some(set) = set() else { return };
    set.proxy.rule(Rule::on("POST", "_bulk", Fault::Delay(Duration::from_secs(5))));
    let (sender, receiver) = set.start(Options { waiting_documents_max: 30, ..options() });
    let operations: Vec<_> = (0..500).map(|number| set.write(number, Some(1))).collect();
    let (to, from) = mpsc::channel();
    std::thread::spawn(move || {
        let sent = operations.into_iter().try_for_each(|operation| sender.send(operation));
        to.send(sent).unwrap();
    });
    std::thread::sleep(Duration::from_millis(300));
    drop(receiver);
    assert_eq!(from.recv_timeout(Duration::from_secs(2)), Ok(Err(Closed)));
}

#[test]
fn a_load_whose_runtime_goes_away_ends_in_an_error() {
    let Some(set) = set() else { return };
    set.proxy.rule(Rule::on("POST", "_bulk", Fault::Delay(Duration::from_secs(5))));
    let (sender, receiver) = set.start(options());
    for number in 0..10 {
        sender.send(set.write(number, Some(1))).unwrap();
    }
    drop(sender);
    std::thread::sleep(Duration::from_millis(200));
    set.runtime.shutdown_background();
    assert_eq!(receive(receiver).error, Some(BulkError::Stopped { waiting: 10 }));
}
