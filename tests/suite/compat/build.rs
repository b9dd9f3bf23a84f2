//! Plugins that were built in another way than this host.

use super::made::{Build, kept};
use super::{judges_and_compares, load, read};

fn today<'a>() -> Build<'a> {
    Build { sources: "today", ..Build::default() }
}

#[test]
fn an_unoptimised_plugin_with_assertions_works() {
    let (_directory, library) = kept(&today().library());
    let plugin = load(&library).unwrap();
    judges_and_compares(&plugin);
    assert_eq!(read(&*plugin.adapter("first-people").unwrap(), 7).1[0].batch().rows(), 7);
}

#[test]
fn a_plugin_whose_dependencies_have_other_features_works() {
    let (_directory, library) = kept(&Build { features: "other-features", ..today() }.library());
    let plugin = load(&library).unwrap();
    judges_and_compares(&plugin);
    assert_eq!(read(&*plugin.adapter("first-people").unwrap(), 7).1[0].batch().rows(), 7);
}

#[test]
fn a_plugin_that_aborts_is_refused_before_it_is_loaded() {
    let (_directory, library) = kept(&Build { flags: &["-Cpanic=abort"], ..today() }.library());
    let error = load(&library).unwrap_err().to_string();
    let says = "it is built with panic = \"abort\", so a fault in it would end this program; build it with panic = \"unwind\"";
    assert!(error.contains(says), "{error}");
}
