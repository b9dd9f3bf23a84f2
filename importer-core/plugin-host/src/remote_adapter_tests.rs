use std::sync::atomic::{AtomicUsize, Ordering};

use abi_stable::library::LibHeader;
use importer_plugin::abi::{self, OpenResult, RootModuleResult};
use importer_plugin::{ErrorKind, Plugin, PluginMeta, Severity};

use super::*;

static DROPPED: AtomicUsize = AtomicUsize::new(0);

/// A source that does what its option `does` says, in a plugin that is linked into this test.
struct Odd;

struct OddSource {
    does: String,
    calls: usize,
}

impl Drop for OddSource {
    fn drop(&mut self) {
        if self.does == "count" {
            DROPPED.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Adapter for Odd {
    fn meta(&self) -> AdapterMeta {
        AdapterMeta::new("odd", "Misbehaves on demand")
    }

    fn open(&self, request: &OpenRequest, _: &Host) -> Result<Box<dyn Source>, Error> {
        let does = request.options.required("does")?.to_owned();
        assert_ne!(does, "panic in open");
        Ok(Box::new(OddSource { does, calls: 0 }))
    }
}

impl Source for OddSource {
    fn columns(&self) -> Vec<String> {
        let names: &[&str] = match self.does.as_str() {
            "no columns" => &[],
            "same columns" => &["ada@example.org", "b", "ada@example.org"],
            _ => &["a", "b"],
        };
        names.iter().map(|&name| name.into()).collect()
    }

    fn next(&mut self, out: &mut Extract) -> Result<(), Error> {
        self.calls += 1;
        match (self.does.as_str(), self.calls) {
            ("panic", 2) => panic!("boom"),
            ("wide", _) => {
                out.reset(3);
                out.push_row(1, [None, None, None])
            }
            ("report nothing", _) => {
                out.report("X-001", Severity::Error, "there is no row");
                Ok(())
            }
            ("wake up", 2) => Ok(()),
            ("wake up", 3) => out.push_row(3, [None, None]),
            (_, 3..) => Ok(()),
            ("retry", 1) => Err(Error::transient("busy")),
            (_, calls) => out.push_row(calls as u64, [Some("x"), None]),
        }
    }

    fn cursor(&self) -> Option<String> {
        Some(self.calls.to_string())
    }
}

fn plugin() -> Plugin {
    Plugin::new(PluginMeta::new("odd", "0.1.0")).adapter(|| Box::new(Odd))
}

extern "C" fn open_far(name: RStr<'_>, request: FlatOpen, host: FlatHost) -> OpenResult {
    abi::open(plugin, &name, request, host)
}

extern "C" fn module() -> RootModuleResult {
    abi::adapter_v1(open_far)
}

fn open(does: &str) -> Result<Box<dyn Source>, Error> {
    // SAFETY: the constructor returns an erased `AdapterV1Ref`.
    #[allow(unsafe_code)]
    static HEADER: LibHeader = unsafe { abi::adapter_header(module) };
    let open = HEADER.init_root_module().unwrap();
    let modules = AdapterModules { open, deletions: None, fields: None, health: None };
    let adapter = RemoteAdapter::new("odd".into(), Way::Here(modules), Odd.meta());
    let mut request = OpenRequest { cursor: Some("start".into()), ..OpenRequest::default() };
    request.options.set("does", does);
    adapter.open(&request, &Host::detached())
}

fn next(source: &mut Box<dyn Source>) -> Result<usize, Error> {
    let mut out = Extract::new(source.columns().len());
    source.next(&mut out).map(|()| out.batch().rows())
}

#[test]
fn rows_positions_and_cursors_come_through() {
    let mut source = open("read").unwrap();
    assert_eq!((source.columns(), source.cursor()), (vec!["a".into(), "b".into()], Some("start".into())));
    let mut out = Extract::new(2);
    source.next(&mut out).unwrap();
    assert_eq!((out.batch().get(0, 0), out.batch().get(0, 1), out.position(0)), (Some("x"), None, 1));
    assert_eq!(source.cursor().as_deref(), Some("1"));
    source.next(&mut out).unwrap();
    assert_eq!((out.batch().rows(), out.position(0)), (1, 2), "the rows of the call before are gone");
    source.next(&mut out).unwrap();
    assert!(out.batch().is_empty());
}

#[test]
fn broken_promises_are_bugs_of_the_named_plugin() {
    let opening = [
        ("no columns", "has no columns"),
        ("same columns", "columns 1 and 3"),
        ("panic in open", "panicked at"),
    ];
    let reading = [("wide", "rows of 3 cells"), ("report nothing", "do not fit")];
    let errors = opening.map(|(does, why)| (open(does).err().unwrap(), why)).into_iter();
    for (error, why) in
        errors.chain(reading.map(|(does, why)| (next(&mut open(does).unwrap()).unwrap_err(), why)))
    {
        assert_eq!(error.kind, ErrorKind::Bug);
        assert!(error.message.starts_with("plugin `odd`: ") && error.message.contains(why), "{error}");
        assert!(!error.message.contains("ada@example.org"), "{error}");
    }
}

#[test]
fn a_source_that_broke_its_promise_cannot_go_on() {
    let mut source = open("wide").unwrap();
    assert!(next(&mut source).is_err());
    assert!(next(&mut source).unwrap_err().message.contains("broken batch before"));
}

#[test]
fn a_panic_is_a_bug_and_the_object_is_gone() {
    let mut source = open("panic").unwrap();
    assert_eq!(next(&mut source).unwrap(), 1);
    let error = next(&mut source).unwrap_err();
    assert!(error.message.starts_with("plugin `odd`: ") && error.message.ends_with(": boom"), "{error}");
    assert!(next(&mut source).unwrap_err().message.contains("panicked before"));
}

#[test]
fn rows_after_the_end_are_a_bug() {
    let mut source = open("wake up").unwrap();
    assert_eq!((next(&mut source).unwrap(), next(&mut source).unwrap()), (1, 0));
    let error = next(&mut source).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Bug);
    assert!(error.message.contains("rows after the end"), "{error}");
}

#[test]
fn other_errors_are_left_as_they_are() {
    let error = open("").and(open("retry")).and_then(|mut source| next(&mut source)).unwrap_err();
    assert_eq!((error.kind, error.message.as_str()), (ErrorKind::Transient, "busy"));
}

#[test]
fn a_source_is_closed_once() {
    let mut source = open("count").unwrap();
    next(&mut source).unwrap();
    drop(source);
    assert_eq!(DROPPED.load(Ordering::Relaxed), 1);
}
