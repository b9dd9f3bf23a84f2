//! Every reason there is.

use std::borrow::Cow;
use std::fmt;

/// Where a reason appears.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Place {
    /// What became of a row in a run.
    Row,
    /// A line of the change log.
    Change,
    /// A field of a merge that is previewed.
    Field,
    /// A suggestion, or a pair that is scored.
    Suggestion,
    /// The list of merges.
    Merge,
    /// A rollback, or what became of one of its changes.
    Rollback,
}

/// What is known of a reason.
struct Entry {
    code: &'static str,
    text: &'static str,
    places: &'static [Place],
    advice: Option<&'static str>,
}

macro_rules! reasons {
    ($($name:ident $code:literal [$($place:ident)+] $text:literal $(=> $advice:literal)?;)+) => {
        /// Why something was decided.
        ///
        /// A detail stands behind the code, as in `external_id_reassigned: 12`, where the text has a name in braces.
        ///
        /// ```
        /// use importer_core::reasons::{Reason, explain};
        /// assert_eq!(Reason::NoMatch.code(), "no_match");
        /// assert_eq!(Reason::find("no_match"), Some(Reason::NoMatch));
        /// let stored = Reason::MatchedByRun.with(7);
        /// assert_eq!(stored, "matched_by_run: 7");
        /// assert_eq!(explain(&stored), "run 7 matched them");
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Reason {
            $(#[doc = concat!("`", $code, "`: ", $text, ".")] $name,)+
        }

        impl Reason {
            /// All of them, in the order in which a run meets them.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            fn entry(self) -> Entry {
                match self {
                    $(Self::$name => Entry {
                        code: $code,
                        text: $text,
                        places: &[$(Place::$place),+],
                        advice: None$(.or(Some($advice)))?,
                    },)+
                }
            }
        }
    };
}

reasons! {
    // Which record a row is about.
    SameExternalId "same_external_id" [Row Change] "the external id belongs to this record";
    SameEmailAndName "same_email_and_name" [Row Change] "the email address is the same and the names agree";
    SamePhoneAndName "same_phone_and_name" [Row Change] "the phone number is the same and the names agree";
    LinkedContactsAndName "linked_contacts_and_name" [Row Change]
        "another row of the same person in the run has a contact of both, and the names agree";
    ProbableMatch "probable_match" [Row Change] "both are the same person with probability {probability}";
    SameNameAndBirthDate "same_name_and_birth_date" [Row Change]
        "the name and the birth date are those of this record, which the source knows under another external id";
    NoMatch "no_match" [Row Change] "no known record matches";
    PossibleMatch "possible_match" [Row Change] "known records are similar, but none matches for certain"
        => "Decide about the suggestion.";
    RecordDeleted "record_deleted" [Row Change]
        "the record of this external id was deleted, so a new record was created";
    ExternalIdReassigned "external_id_reassigned" [Row Change Suggestion]
        "the external id belonged to record {record}, which is a different person"
        => "Check in the source whether it gave the id to another person, and decide about the suggestion.";
    SecondExternalId "second_external_id" [Row Change]
        "the source has this person under another external id as well"
        => "Merge the two in the source if it has the person twice.";
    ValueKept "value_kept" [Row Change] "{field} keeps its value: {reason}";
    // Rows that came before.
    RepeatedRow "repeated_row" [Row] "the row is the same as before";
    RepeatedRowAdmitted "repeated_row_admitted" [Row] "the row is the same as before, and a steward let it in";
    RepeatedRowHeld "repeated_row_held" [Row] "the row is the same as before and is still held back"
        => "Correct the row in quarantine, or in the source.";
    RepeatedRowSuperseded "repeated_row_superseded" [Row]
        "the row is the same as before, and another row with its external id follows";
    // Which value survives.
    FirstValue "first_value" [Change Field] "the record had no value before";
    ManualValue "manual_value" [Row Change Field] "a value that a person entered outranks imported values";
    NewerValue "newer_value" [Row Change Field] "the value that was verified more recently wins";
    SourcePriority "source_priority" [Row Change Field] "the value from the source of higher priority wins";
    SameSource "same_source" [Change Field] "the source corrects its own value";
    OtherIdKept "other_id_kept" [Row Change Field]
        "the same source has both values under different ids, and nothing tells which is newer";
    ConsentStands "consent_stands" [Row Change Field]
        "a refused consent stands until the person consents at a later date";
    SensitiveValueKept "sensitive_value_kept" [Row Change Field]
        "the result of a check is not taken from another record unless it is newer and the birth dates are equal";
    OlderRow "older_row" [Row Change Field]
        "the corrected row is older than the record, and the person who corrected it did not set this field";
    SetByHand "set_by_hand" [Change Field] "the person who corrected the row set the value";
    NoPreference "no_preference" [Row Change Field] "no criterion prefers the other value";
    FullerName "fuller_name" [Row Change Field] "it is the fuller form of the same name";
    BelongsToPhone "belongs_to_phone" [Change Field] "the extension changes with its phone number";
    AddedToList "added_to_list" [Change Field] "the contact was added to the list";
    ChosenByHand "chosen_by_hand" [Change Field] "a person chose the value";
    EqualValues "equal_values" [Field] "all records have the same value";
    OnlyValue "only_value" [Field] "only one value is known";
    // What keeps a pair from being merged automatically.
    HouseholdLikelier "household_likelier" [Suggestion] "two people of one household explain the agreement better"
        => "Accept the suggestion as a household, or reject it.";
    BelowThreshold "below_threshold" [Suggestion] "the probability is below the threshold for merging";
    SuffixConflict "suffix_conflict" [Suggestion] "the name suffixes contradict each other";
    SuffixOneSided "suffix_one_sided" [Suggestion]
        "only one of the two says which generation it is, and no birth date says that they are one"
        => "Find out whether they are a parent and a child.";
    BirthDateConflict "birth_date_conflict" [Suggestion] "the birth dates contradict each other";
    GivenNameConflict "given_name_conflict" [Suggestion] "the given names belong to different people";
    BirthDateNear "birth_date_near" [Suggestion] "the birth dates are similar but not equal"
        => "Find out which birth date is right.";
    BirthDateUnreadable "birth_date_unreadable" [Suggestion] "a birth date cannot be read"
        => "Correct the birth date in the source.";
    MiddleNameConflict "middle_name_conflict" [Suggestion] "the middle names differ";
    NicknameTwice "nickname_twice" [Suggestion]
        "one given name is a nickname of the other, and one source has the two under two ids"
        => "Find out whether they are two people of one home.";
    NameConflict "name_conflict" [Suggestion] "the names do not agree";
    NameMissing "name_missing" [Suggestion]
        "a given or family name is missing, and people of one home share the rest"
        => "Find out the missing name.";
    GenderConflict "gender_conflict" [Suggestion] "the genders differ";
    SchoolConflict "school_conflict" [Suggestion] "the schools and the years of graduation differ";
    Namesake "namesake" [Suggestion] "somebody else at the same contact fits one of the two and not the other"
        => "Find out who is meant, for example by the birth date.";
    ContactConflict "contact_conflict" [Suggestion] "one contact is the same, but another and the town differ"
        => "Find out whether the person moved, or whether two people share the contact.";
    SingleEvidence "single_evidence" [Suggestion] "only one independent attribute supports the match";
    ClusterConflict "cluster_conflict" [Suggestion] "other records of the group contradict the match";
    // Merges, matches and what undoes them.
    Merged "merged" [Change] "merge {merge}: {note}";
    MergeUndone "merge_undone" [Change] "merge {merge} was undone: {note}";
    MatchedByRun "matched_by_run" [Merge] "run {run} matched them";
    MatchUndone "match_undone" [Suggestion] "a person undid the match that a run had made";
    RunRolledBack "run_rolled_back" [Change] "run {run} was rolled back";
    RolledBackWithRun "rolled_back_with_run" [Rollback] "run {run} was rolled back: {note}";
    // What a rollback did to a change, or why it did not.
    CreatedByRun "created_by_run" [Rollback] "the run had created the record, so it was removed";
    ValueRestored "value_restored" [Rollback] "the value is again as it was before the run";
    AlreadyGone "already_gone" [Rollback] "the record is no longer in the core";
    ChangedSince "changed_since" [Rollback] "the value changed again after the run";
    MergedInto "merged_into" [Rollback] "the record was merged into {record} by merge {merge}, which has to be undone first"
        => "Undo that merge, and roll the run back once more.";
    MergeUndoneSince "merge_undone_since" [Rollback] "merge {merge} was undone after the rollback"
        => "Roll the run back once more.";
    MergedSince "merged_since" [Rollback]
        "merge {merge} came after the run and has to be undone first"
        => "Undo that merge, and roll the run back once more.";
    UndoneByEarlierVersion "undone_by_earlier_version" [Rollback]
        "an earlier version of the program undid merge {merge} and kept too little of it"
        => "Correct the record by hand.";
    RepeatedByRun "repeated_by_run" [Rollback] "run {run} brought the same row again"
        => "Roll that run back as well, if its rows are wrong, too.";
    ConfirmedByRun "confirmed_by_run" [Rollback] "run {run} brought the same person"
        => "Roll that run back as well, if its rows are wrong, too.";
    ChangedByRun "changed_by_run" [Rollback] "run {run} changed the record afterwards"
        => "Roll that run back as well, if its rows are wrong, too.";
    EditedSince "edited_since" [Rollback] "a person edited the record after the run";
    KnownToOtherSource "known_to_other_source" [Rollback] "another source has the same person";
    InHousehold "in_household" [Rollback] "a person said who lives in the same household";
    ReferencedByHost "referenced_by_host" [Rollback] "rows of the host that refer to the record: {rows}"
        => "Remove these rows, or let them refer to another record.";
    ValueReferencedByHost "value_referenced_by_host" [Rollback] "rows of the host refer to a value that would change"
        => "Remove these rows, or let them refer to another value.";
    ImageMissing "image_missing" [Rollback] "the record as it was before the run is no longer stored";
    LaterRowsMissing "later_rows_missing" [Rollback] "rows that came after the run are no longer stored";
    NothingLeft "nothing_left" [Rollback] "nothing would be left of the record";
}

impl Reason {
    /// Its code, which stays the same from version to version.
    pub fn code(self) -> &'static str {
        self.entry().code
    }

    /// What it says to people, with the names of its details in braces.
    pub fn text(self) -> &'static str {
        self.entry().text
    }

    /// Where it appears.
    pub fn places(self) -> &'static [Place] {
        self.entry().places
    }

    /// What to do about it, where there is anything to do.
    pub fn advice(self) -> Option<&'static str> {
        self.entry().advice
    }

    /// The reason of a code.
    pub fn find(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.code() == code)
    }

    /// The code with its details behind it, as it is stored. Several details are separated by `, `.
    pub fn with(self, details: impl fmt::Display) -> String {
        format!("{}: {details}", self.code())
    }
}

/// Its code.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Its code.
impl From<Reason> for Cow<'static, str> {
    fn from(reason: Reason) -> Self {
        reason.code().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_snake_case_and_name_one_reason_each() {
        for reason in Reason::ALL {
            let code = reason.code();
            assert!(code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{code}");
            assert_eq!(Reason::find(code), Some(*reason));
        }
    }

    #[test]
    fn texts_are_one_clause_each_and_advice_is_a_sentence() {
        for reason in Reason::ALL {
            let text = reason.text();
            assert!(!text.ends_with('.') && !text.contains("; ") && !text.is_empty(), "{text}");
            assert!(reason.advice().is_none_or(|advice| advice.ends_with('.')), "{reason}");
            assert!(!reason.places().is_empty(), "{reason}");
        }
    }
}
