//! A policy document and what it must hold to.

use std::collections::BTreeMap;

use importer_core::contracts::CONTRACTS;
use importer_core::{Error, ErrorKind, Result};
use serde::Deserialize;
use serde_saphyr::{DefaultMessageFormatter, Location, MessageFormatter as _, Spanned};

use super::policy::{Criterion, Policy};

type Order = Spanned<Vec<Spanned<Criterion>>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    survivorship: Spanned<String>,
    version: u32,
    order: Order,
    source_priority: Vec<Spanned<String>>,
    #[serde(default)]
    fields: BTreeMap<String, Order>,
}

/// An error about a place in a document.
struct Refusal<'a>(&'a str);

impl Refusal<'_> {
    fn at(&self, place: &Location, message: impl Into<String>) -> Error {
        Error::new(ErrorKind::Config, "read the survivorship policy", message)
            .at("file", self.0)
            .at("line", place.line())
            .at("column", place.column())
    }

    fn order(&self, name: &str, order: Order) -> Result<Vec<Criterion>> {
        let mut checked: Vec<Criterion> = Vec::with_capacity(order.value.len());
        for criterion in order.value {
            if checked.contains(&criterion.value) {
                let error = self.at(&criterion.referenced, "this order names the same criterion twice");
                return Err(error
                    .at("order", name)
                    .hint("remove the second one; the first one has already decided"));
            }
            checked.push(criterion.value);
        }
        if checked.first() != Some(&Criterion::NonNull) {
            // Without it a blank could win, which nothing may ever do.
            let error = self.at(&order.referenced, "an order must begin with `non_null`");
            return Err(error.at("order", name).hint("for every field, a value wins over no value first"));
        }
        Ok(checked)
    }
}

/// Reads and checks a document.
pub(super) fn read(yaml: &str, file: &str) -> Result<Policy> {
    let refusal = Refusal(file);
    let document: Document = serde_saphyr::from_str(yaml).map_err(|error| {
        let message = DefaultMessageFormatter.format_message(error.without_snippet()).into_owned();
        let message = format!("the document is not a policy: {message}");
        match error.location() {
            Some(place) => refusal.at(&place, message),
            None => Error::new(ErrorKind::Config, "read the survivorship policy", message).at("file", file),
        }
        .coded("policy_unreadable")
        .hint("compare it with the shipped policy")
    })?;
    if document.survivorship.value.trim().is_empty() {
        return Err(refusal.at(&document.survivorship.referenced, "the policy has no name"));
    }
    let mut source_priority: Vec<String> = Vec::with_capacity(document.source_priority.len());
    for source in document.source_priority {
        if source_priority.contains(&source.value) {
            let message = format!("the source `{}` has two places", source.value);
            return Err(refusal.at(&source.referenced, message).hint("leave out one of the two"));
        }
        source_priority.push(source.value);
    }
    let mut fields = BTreeMap::new();
    for (name, order) in document.fields {
        if !CONTRACTS.iter().any(|contract| contract.columns().any(|(_, field)| field.name == name)) {
            let message = format!("there is no field `{name}` to make an exception for");
            return Err(refusal
                .at(&order.referenced, message)
                .hint("fields have the names of the contract, such as `employer`; lists only grow"));
        }
        let order = refusal.order(&name, order)?;
        fields.insert(name, order);
    }
    Ok(Policy {
        survivorship: document.survivorship.value,
        version: document.version,
        order: refusal.order("order", document.order)?,
        source_priority,
        fields,
    })
}
