//! Resolving rows by how probable it is that two records are one person.

mod compared;
mod fellegi_sunter;
mod fields;
mod keys;
mod neighbourhood;
mod options;
mod pair;
#[cfg(test)]
mod tests;
mod weighted;

pub use keys::{KEY_KINDS, KeyKind, KeyPart};
pub use options::{MatchModel, ResolveOptions};
pub use pair::PairJudged;
pub use weighted::{WeightedExplanation, WeightedTerm};

use std::sync::Arc;

use importer_core::contracts::Contract;
use importer_core::ports::{
    AutoMerge, CandidateFacts, CoreRecord, Decision, Identity, LookAt, MatchKey, Resolver, SuggestionKind,
};
use importer_core::reasons::Reason;
use serde_json::Value;
use xxhash_rust::xxh3::xxh3_64;

use self::compared::{Candidate, Compared};
use self::fellegi_sunter::FellegiSunter;
use self::fields::Fields;
use crate::PluginFeatures;
use crate::agreement::NameAgreement;
use crate::contacts::{ContactRule, by_contact};
use crate::identity;
use crate::keys::are_contacts;
use crate::matching::features::common_names;
use crate::matching::model::{HOUSEHOLD, Likelihood, Objection, Thresholds};
use crate::matching::people::{compared_fields, tells_across_systems};
use crate::matching::plugin_terms::Compares;

/// Matches a row by its contacts first, then by probability.
///
/// Merged is who shares an email address or phone number with the row **and** has an agreeing name, unless anything
/// contradicts or somebody else fits as well, and, with [`AutoMerge::Full`], a pair of at least the probability
/// `thresholds.auto` against which nothing speaks. Different first names, contradicting birth
/// dates or Jr and Sr are never merged, whatever else agrees: who shares a contact then is a household. From
/// `thresholds.review` on a pair is shown to people, with its probability and every term of it.
///
/// ```
/// use importer_core::contracts::VOLUNTEER;
/// use importer_core::ports::Resolver;
/// use importer_dedupe::{Probabilistic, ResolveOptions};
///
/// let resolver = Probabilistic::new(&VOLUNTEER, ResolveOptions::default());
/// assert!(resolver.checksum().starts_with("fellegi_sunter/1 auto_merge=deterministic"));
/// ```
pub struct Probabilistic {
    options: ResolveOptions,
    rule: ContactRule,
    fields: Fields,
    /// By which pairs are judged, and scored unless the weighted mean is asked for.
    model: FellegiSunter,
    checksum: String,
    plugin_terms: Option<Arc<dyn Compares>>,
}

impl std::fmt::Debug for Probabilistic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Probabilistic({})", self.checksum)
    }
}

/// How many pairs one row may bring to review; the rest says nothing new about it.
const PAIRS_PER_ROW: usize = 5;

/// From this probability on further terms are asked: they could not raise what is less likely to where it is shown.
const ASK_FURTHER: f64 = 0.01;

/// A candidate with its score.
struct Scored<'a, 'b> {
    candidate: &'b Candidate<'a>,
    probability: f64,
    household: f64,
    objections: Vec<Objection>,
    /// The same by the rule, without any score.
    certain: bool,
    /// The same by the rule, if nobody else fitted as well.
    fits: bool,
}

impl Scored<'_, '_> {
    fn shares_contact(&self) -> bool {
        self.candidate.email || self.candidate.phone || self.candidate.linked
    }

    fn is_another_person(&self) -> bool {
        self.objections.iter().any(|o| o.is_another_person())
    }
}

impl Probabilistic {
    /// A resolver of records of a contract.
    pub fn new(contract: &Contract, options: ResolveOptions) -> Self {
        Self::with_features(contract, options, None)
    }

    /// A resolver that scores by match features of plugins, too; the weighted mean leaves them out.
    pub fn with_features(
        contract: &Contract,
        options: ResolveOptions,
        features: Option<Arc<PluginFeatures>>,
    ) -> Self {
        let features = features.filter(|_| options.model != MatchModel::Weighted);
        let of_features = features.as_ref().map(|features| features.checksum()).unwrap_or_default();
        let plugin_terms = features.map(|features| features as Arc<dyn Compares>);
        let learned = match &options.model {
            MatchModel::Learned(document) => Some(document),
            MatchModel::Shipped | MatchModel::Weighted => None,
        };
        let model = FellegiSunter::new(contract, learned, options.population, plugin_terms.as_ref());
        let document = match &options.model {
            MatchModel::Shipped => "shipped".to_owned(),
            MatchModel::Learned(document) => document.checksum(),
            MatchModel::Weighted => "weighted".to_owned(),
        };
        let checksum = format!(
            "{}/1 auto_merge={} auto={} review={} model={document} strip_email_tags={} population={} candidates={} names={:016x}",
            options.model.name(),
            options.auto_merge,
            options.thresholds.auto,
            options.thresholds.review,
            options.strip_email_tags,
            options.population,
            options.candidates,
            xxh3_64(common_names::LIST.as_bytes()),
        ) + if options.role_addresses_identify { " role_addresses_identify=true" } else { "" }
            + &of_features;
        let rule = ContactRule {
            strip_email_tags: options.strip_email_tags,
            role_addresses_identify: options.role_addresses_identify,
        };
        Self { rule, fields: Fields::of(contract), model, checksum, plugin_terms, options }
    }

    fn is_weighted(&self) -> bool {
        matches!(self.options.model, MatchModel::Weighted)
    }

    fn scored<'a, 'b>(
        &self,
        contract: &Contract,
        compared: &'b Compared<'a>,
        candidate: &'b Candidate<'a>,
    ) -> Scored<'a, 'b> {
        let likelihood = if self.is_weighted() {
            Likelihood::of_mean(weighted::explain(&self.fields, compared, candidate).probability)
        } else {
            Likelihood::of(&self.model.score(compared, candidate))
        };
        let Likelihood { probability, household, .. } = likelihood;
        let thresholds = &self.options.thresholds;
        debug_assert_eq!(contract.entity, self.fields.entity, "a resolver is for one entity");
        let shares = candidate.email || candidate.phone || candidate.linked;
        // Whoever shares no contact and is not likely is nobody's suggestion, for whatever reason.
        let mut objections = if shares || candidate.slip || probability >= thresholds.review {
            self.model.objections(compared, candidate, likelihood, thresholds)
        } else {
            vec![Objection::Unlikely]
        };
        objections.extend(self.beside_the_score(compared, candidate));
        let contradicts = |o: &Objection| o.is_contradiction() && *o != Objection::Namesake;
        let own = candidate.linked || compared.own_email(candidate) || compared.own_phone(candidate);
        let fits = own && candidate.fits && !objections.iter().any(contradicts);
        Scored {
            probability,
            household,
            // What forbids a merge by probability forbids it here, too.
            certain: fits && !candidate.namesake,
            fits,
            objections,
            candidate,
        }
    }

    /// What speaks against one person and is no part of the score.
    fn beside_the_score(
        &self,
        compared: &Compared<'_>,
        candidate: &Candidate<'_>,
    ) -> impl Iterator<Item = Objection> {
        let found = [
            (candidate.namesake, Objection::Namesake),
            (candidate.school_differs, Objection::School),
            (self.is_reached_elsewhere(compared, candidate), Objection::OtherContact),
        ];
        found.into_iter().filter(|(is_so, _)| *is_so).map(|(_, objection)| objection)
    }

    /// One contact is shared, another is not, and neither is the town: a namesake at a contact that is passed on or shared.
    fn is_reached_elsewhere(&self, compared: &Compared<'_>, candidate: &Candidate<'_>) -> bool {
        let other_town = matches!(compared.level(candidate, "locality"), "state" | "differ");
        candidate.other_contact && !candidate.dob_agrees && other_town
    }

    /// What people are shown of a pair: its score with everything that it is made of.
    fn look_at(&self, compared: &Compared<'_>, pair: &Scored<'_, '_>, kind: SuggestionKind) -> LookAt {
        let explained = if self.is_weighted() {
            serde_json::to_value(weighted::explain(&self.fields, compared, pair.candidate))
        } else {
            serde_json::to_value(self.model.explain(compared, pair.candidate, &self.options.thresholds))
        };
        let mut explained = rounded(explained.unwrap_or_default());
        if let Value::Object(terms) = &mut explained {
            terms.insert("model".into(), self.options.model.name().into());
            let why: Vec<&str> = pair.objections.iter().map(|o| o.code()).collect();
            terms.insert("held_back".into(), why.into());
        }
        LookAt {
            candidate: pair.candidate.place,
            kind,
            score: Some(pair.probability),
            terms: explained.to_string(),
        }
    }

    /// What a pair is shown as that is not merged; `None` when it is not worth a look.
    fn kind(&self, compared: &Compared<'_>, pair: &Scored<'_, '_>) -> Option<SuggestionKind> {
        let Thresholds { review, .. } = self.options.thresholds;
        let own = compared.own_email(pair.candidate) || compared.own_phone(pair.candidate);
        if pair.certain {
            return Some(SuggestionKind::PossibleDuplicate);
        }
        if pair.shares_contact() {
            if pair.is_another_person() {
                return own.then_some(SuggestionKind::Household);
            }
            let near = matches!(pair.candidate.names, NameAgreement::Agree | NameAgreement::Near);
            return match () {
                () if pair.household >= HOUSEHOLD => own.then_some(SuggestionKind::Household),
                () if near || pair.probability >= review => Some(SuggestionKind::PossibleDuplicate),
                () => own.then_some(SuggestionKind::Household),
            };
        }
        if pair.household >= HOUSEHOLD {
            return Some(SuggestionKind::Household);
        }
        let enough = pair.probability >= review && !pair.objections.contains(&Objection::OneEvidence);
        match (enough || pair.candidate.slip, pair.is_another_person()) {
            (true, true) => Some(SuggestionKind::Household),
            (true, false) => Some(SuggestionKind::PossibleDuplicate),
            (false, _) => None,
        }
    }
}

impl Resolver for Probabilistic {
    fn keys(&self, _: &Contract, person: &CoreRecord, out: &mut Vec<MatchKey>) {
        crate::keys::keys(person, self.rule, out);
        keys::keys(&self.fields, person, out);
    }

    fn contact_keys(&self, _: &Contract, person: &CoreRecord, out: &mut Vec<MatchKey>) {
        crate::keys::keys(person, self.rule, out);
    }

    fn decide(&self, contract: &Contract, incoming: &CoreRecord, candidates: &[&CoreRecord]) -> Decision {
        self.decide_known(contract, incoming, candidates, CandidateFacts::default())
    }

    fn tells_across_systems(&self, external_id: &str) -> bool {
        tells_across_systems(external_id)
    }

    fn decide_known(
        &self,
        contract: &Contract,
        incoming: &CoreRecord,
        candidates: &[&CoreRecord],
        facts: CandidateFacts<'_>,
    ) -> Decision {
        let limits = (self.options.candidates, self.plugin_terms.as_ref());
        let mut compared = Compared::of(contract, self.rule, incoming, candidates, facts, limits);
        compared.ask_further(|compared, candidate| {
            candidate.email
                || candidate.phone
                || self.model.score(compared, candidate).probability() >= ASK_FURTHER
        });
        let pairs: Vec<Scored<'_, '_>> =
            compared.candidates.iter().map(|candidate| self.scored(contract, &compared, candidate)).collect();
        let mut same: Vec<usize> = (0..pairs.len()).filter(|&i| pairs[i].certain).collect();
        if same.len() > 1 {
            // An equal birth date tells apart what names and contacts cannot.
            let dated: Vec<usize> = same.iter().copied().filter(|&i| pairs[i].candidate.dob_agrees).collect();
            if dated.len() == 1 {
                same = dated;
            }
        }
        let likely: Vec<usize> = (0..pairs.len()).filter(|&i| pairs[i].objections.is_empty()).collect();
        let merge = match (&same[..], &likely[..], self.options.auto_merge) {
            (_, _, AutoMerge::Off) => None,
            (&[one], _, _) => Some((one, why_certain(pairs[one].candidate).to_string())),
            (&[], &[one], AutoMerge::Full) => {
                Some((one, Reason::ProbableMatch.with(format_args!("{:.3}", pairs[one].probability))))
            }
            _ => None,
        };
        if let Some((one, reason)) = merge {
            return Decision::Same { candidate: pairs[one].candidate.place, reason };
        }
        let fitting: Vec<usize> = (0..pairs.len()).filter(|&i| pairs[i].fits).collect();
        let equally_well = if fitting.len() > 1 { fitting } else { likely };
        let ambiguous = equally_well.len() > 1;
        let mut shown: Vec<(SuggestionKind, &Scored<'_, '_>)> = Vec::new();
        for (i, pair) in pairs.iter().enumerate() {
            let kind = match self.kind(&compared, pair) {
                Some(_) if ambiguous && equally_well.contains(&i) => SuggestionKind::Ambiguous,
                Some(kind) => kind,
                None => continue,
            };
            shown.push((kind, pair));
        }
        // What may be the same person is worth more than a neighbour at the same phone.
        shown.sort_by(|(a, p), (b, q)| {
            let household = |kind: SuggestionKind| kind == SuggestionKind::Household;
            household(*a)
                .cmp(&household(*b))
                .then(q.probability.total_cmp(&p.probability))
                .then(p.candidate.place.cmp(&q.candidate.place))
        });
        shown.truncate(PAIRS_PER_ROW);
        let look_at = shown.into_iter().map(|(kind, pair)| self.look_at(&compared, pair, kind)).collect();
        Decision::New { look_at }
    }

    fn most_candidates(&self, kind: i16) -> usize {
        // A contact is one person's, whoever shares it; a name and a year are everybody's where names repeat.
        if are_contacts(kind) { 100 } else { 20 }
    }

    fn is_shared_by_homes(&self, kind: i16) -> bool {
        are_contacts(kind)
    }

    fn looks_at(&self, contract: &Contract) -> Vec<usize> {
        compared_fields(contract)
    }

    fn identity(&self, contract: &Contract, incoming: &CoreRecord, known: &CoreRecord) -> Identity {
        identity::identity(contract, self.rule, incoming, known)
    }

    fn is_exactly(&self, contract: &Contract, incoming: &CoreRecord, other: &CoreRecord) -> bool {
        identity::is_exactly(contract, incoming, other)
    }

    fn checksum(&self) -> String {
        self.checksum.clone()
    }
}

/// Why a candidate is the row's person by its contacts.
fn why_certain(candidate: &Candidate<'_>) -> Reason {
    if candidate.linked { Reason::LinkedContactsAndName } else { by_contact(candidate.email) }
}

/// Numbers to four places: what is stored is read by people.
fn rounded(value: Value) -> Value {
    match value {
        Value::Number(number) if number.is_f64() => {
            let number = number.as_f64().unwrap_or_default();
            // Shares of people are small.
            if number.abs() < 0.01 { number } else { (number * 1e4).round() / 1e4 }.into()
        }
        Value::Array(all) => all.into_iter().map(rounded).collect(),
        Value::Object(all) => all.into_iter().map(|(key, value)| (key, rounded(value))).collect(),
        other => other,
    }
}
