//! A small world in which things happen to people, the same way each time.

use std::sync::{Arc, Mutex, OnceLock};

use importer::service::{Actor, Edit, FieldChoice, MergeRequest, ReviewDecision, RowFix, ScanRequest};
use importer::{Importer, RecordId, RowId, RunReport, RunRequest, SuggestionId};
use importer_core::ports::{AutoMerge, Clock, FixedClock, Moment, Reference, parse_moment};

use crate::support::{self, Database};

/// How many people there are in the beginning.
pub(crate) const PEOPLE: usize = 6;
const CITIES: [&str; 5] = ["Oslo", "Lima", "Kyoto", "Quito", "Turin"];
const EMPLOYERS: [&str; 4] = ["Acme", "Globex", "Initech", "Umbrella"];

const SIGNUPS: &str =
    "CREATE TABLE signups (id INTEGER PRIMARY KEY, volunteer_id INTEGER NOT NULL, event TEXT NOT NULL)";

/// A database with people of one name, each with an address of their own, from two systems.
pub(crate) struct World {
    /// Whoever lets things happen, one after the other: building an importer takes as long as some of what it does.
    importer: OnceLock<Importer>,
    now: Arc<Now>,
    pub(crate) db: Database,
}

/// A clock that is set before something happens.
struct Now(Mutex<Moment>);

impl Clock for Now {
    fn now(&self) -> Moment {
        *self.0.lock().unwrap()
    }
}

fn moment(hour: usize) -> Moment {
    let (day, hour) = (1 + hour / 24, hour % 24);
    parse_moment(&format!("2025-06-{day:02}T{hour:02}:30:00Z")).unwrap()
}

/// Something that happens, told by ids that mean the same in every world.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    /// A source brings the row of a person again, with other values.
    Bring {
        person: usize,
        variant: u8,
    },
    /// A source brings all of its people again in one file.
    File {
        system: &'static str,
        variant: u8,
    },
    /// Another source brings the person under an id of its own.
    Elsewhere {
        person: usize,
        variant: u8,
    },
    /// A further source brings somebody whom nobody knew.
    Stranger {
        stranger: usize,
        variant: u8,
    },
    /// A source brings the person with an address that nobody can write to, and a steward corrects the row.
    Correct {
        person: usize,
        variant: u8,
    },
    Edit {
        id: i64,
        field: &'static str,
        variant: u8,
    },
    Merge {
        people: Vec<i64>,
        choice: Option<(&'static str, i64)>,
    },
    SignUp {
        id: i64,
        event: u8,
    },
    /// Somebody looks through all people for those who are there twice.
    Scan,
    /// Somebody says what they know about a pair.
    Review {
        pair: i64,
        accept: bool,
    },
}

/// Pairs of people somebody may decide about: rather of one household, rather one person.
const PAIRS: [(i64, i64, &str); 6] = [
    (1, 4, "household"),
    (3, 5, "household"),
    (2, 4, "household"),
    (1, 5, "possible_duplicate"),
    (2, 3, "possible_duplicate"),
    (4, 6, "possible_duplicate"),
];

impl World {
    /// Every world begins alike: made once, it is copied from then on.
    pub(crate) fn new(db: Database) -> Self {
        static FILE: OnceLock<Vec<u8>> = OnceLock::new();
        if let Some(place) = db.url.strip_prefix("sqlite://").map(std::path::PathBuf::from) {
            let file = FILE.get_or_init(|| {
                let made = Self::made(support::sqlite());
                made.db.execute("PRAGMA wal_checkpoint(TRUNCATE)");
                std::fs::read(made.db.url.strip_prefix("sqlite://").unwrap()).unwrap()
            });
            std::fs::write(place, file).unwrap();
            return Self::of(db);
        }
        #[cfg(feature = "postgres")]
        if db.is_used_again() {
            static CONTENTS: OnceLock<support::Contents> = OnceLock::new();
            let contents = CONTENTS
                .get_or_init(|| Self::made(support::database_for_a_history(db.backend)).db.contents());
            db.execute(SIGNUPS);
            db.fill(contents);
            return Self::of(db);
        }
        Self::made(db)
    }

    fn made(db: Database) -> Self {
        let world = Self::of(db);
        world.importer_at(0);
        world.db.execute(SIGNUPS);
        for system in ["alpha", "beta"] {
            let people = (0..PEOPLE).filter(|person| system_of(*person) == system);
            world.import(
                0,
                system,
                &people.map(|person| row(&format!("p{person}"), person, 0, 0)).collect::<Vec<_>>(),
            );
        }
        for (left, right, kind) in PAIRS {
            world.suggest(left, right, kind);
        }
        world
    }

    /// A host's tables beside people who are there already.
    pub(crate) fn beside(db: Database) -> Self {
        db.execute(SIGNUPS);
        Self::of(db)
    }

    fn of(db: Database) -> Self {
        Self { importer: OnceLock::new(), now: Arc::new(Now(Mutex::new(moment(0)))), db }
    }

    /// An importer of its own, at whose desks it is a certain hour.
    pub(crate) fn importer_at(&self, hour: usize) -> Importer {
        self.build(Arc::new(FixedClock(moment(hour))))
    }

    /// The importer by which things happen, at whose desks it is a certain hour until it is asked for again.
    pub(crate) fn at(&self, hour: usize) -> &Importer {
        *self.now.0.lock().unwrap() = moment(hour);
        self.importer.get_or_init(|| self.build(Arc::clone(&self.now) as Arc<dyn Clock>))
    }

    fn build(&self, clock: Arc<dyn Clock>) -> Importer {
        let own = |name: &str| name.to_owned();
        Importer::builder()
            .database(&self.db.url)
            .plugin(importer_adapter_csv::plugin())
            .clock(clock)
            .reference(Reference {
                entity: own("volunteer"),
                table: own("signups"),
                key: own("id"),
                column: own("volunteer_id"),
            })
            .build()
            .unwrap()
    }

    pub(crate) fn importer(&self) -> Importer {
        self.importer_at(1)
    }

    pub(crate) fn bring(&self, hour: usize, person: usize, variant: u8) {
        self.import(hour, system_of(person), &[row(&format!("p{person}"), person, hour, variant)]);
    }

    pub(crate) fn sign_up(&self, id: i64, event: &str) {
        self.db.execute(&format!(
            "INSERT INTO signups (id, volunteer_id, event) \
             SELECT COALESCE(MAX(id), 0) + 1, {id}, '{event}' FROM signups"
        ));
    }

    /// Whose the row of a person is now.
    pub(crate) fn owner_of(&self, external_id: &str) -> i64 {
        self.find(external_id).unwrap()
    }

    /// Whose the row of somebody is now who may not be there.
    pub(crate) fn find(&self, external_id: &str) -> Option<i64> {
        let sql = format!("SELECT core_id AS t FROM external_id_map WHERE external_id = '{external_id}'");
        self.db.texts(&sql).first().map(|id| id.parse().unwrap())
    }

    /// The last id that was given to anybody, whether they are there or not.
    pub(crate) fn last_id(&self) -> i64 {
        self.db.number(match self.db.backend {
            "sqlite" => "SELECT MAX(s.seq, (SELECT MAX(id) FROM core_volunteers)) AS t FROM sqlite_sequence s WHERE s.name = 'core_volunteers'",
            _ => "SELECT last_value AS t FROM core_volunteers_id_seq",
        })
    }

    /// Lets the next one who comes get the id behind this one.
    pub(crate) fn set_last_id(&self, id: i64) {
        self.db.execute(&match self.db.backend {
            "sqlite" => format!("UPDATE sqlite_sequence SET seq = {id} WHERE name = 'core_volunteers'"),
            _ => format!("SELECT setval('core_volunteers_id_seq', {id})"),
        });
    }

    /// A pair that somebody may decide about; returns the suggestion.
    pub(crate) fn suggest(&self, left: i64, right: i64, kind: &str) -> i64 {
        self.db.execute(&format!(
            "INSERT INTO dedupe_suggestions (run_id, entity_type, staging_id, left_id, right_id, original_left_id, \
             original_right_id, kind, features_json, decision, own_decision, created_at) VALUES \
             (1, 'volunteer', 0, {left}, {right}, {left}, {right}, '{kind}', '{{}}', 'open', 'open', '2025-06-01T00:00:00Z')"
        ));
        self.db.number("SELECT MAX(id) AS t FROM dedupe_suggestions")
    }

    /// Lets something happen.
    pub(crate) fn happen(&self, hour: usize, event: &Event) -> Option<i64> {
        let importer = self.at(hour);
        let desk = importer.desk(Actor::admin("ann"));
        match event {
            Event::Bring { person, variant } => self.bring(hour, *person, *variant),
            Event::File { system, variant } => {
                let people = (0..PEOPLE).filter(|person| system_of(*person) == *system);
                let rows = people.map(|person| {
                    let variant = (*variant + u8::try_from(person).unwrap()) % 8;
                    row(&format!("p{person}"), person, hour, variant)
                });
                self.import(hour, system, &rows.collect::<Vec<_>>());
            }
            Event::Stranger { stranger, variant } => {
                let (id, person) = (format!("d{stranger}"), PEOPLE + *stranger);
                self.import(hour, "delta", &[row(&id, person, hour, *variant)]);
            }
            Event::Correct { person, variant } => self.correct(importer, hour, *person, *variant),
            Event::Elsewhere { person, variant } => {
                self.import(hour, "gamma", &[row(&elsewhere(*person, *variant), *person, hour, *variant)]);
            }
            Event::Edit { id, field, variant } => {
                let values = vec![((*field).to_owned(), value(field, *variant).to_owned())];
                desk.edit("volunteer", RecordId(*id), &Edit { values, reason: "they called".into() })
                    .unwrap();
            }
            Event::Merge { people, choice } => {
                let mut request = MergeRequest::new("volunteer", people.clone(), "the same");
                request.survivor = people.first().copied().map(RecordId);
                // Somebody may have told them apart before.
                request.although_rejected = true;
                request.choices =
                    choice.iter().map(|(f, id)| ((*f).to_owned(), FieldChoice::Of(RecordId(*id)))).collect();
                return Some(desk.merge(&request).unwrap().merge.0);
            }
            Event::SignUp { id, event } => self.sign_up(*id, &format!("event {event}")),
            Event::Scan => _ = desk.scan(&ScanRequest::new("volunteer"), "once a month").unwrap(),
            Event::Review { pair, accept } => return self.review(hour, *pair, *accept).unwrap(),
        }
        None
    }

    /// Says that a pair is right, or that it is not; an error where nobody is to decide any more. Returns the merge that it led to.
    pub(crate) fn review(&self, hour: usize, pair: i64, accept: bool) -> importer::Result<Option<i64>> {
        let survivor =
            self.db.number(&format!("SELECT left_id AS t FROM dedupe_suggestions WHERE id = {pair}"));
        let verdict = match accept {
            true => ReviewDecision::Accept {
                survivor: Some(RecordId(survivor)),
                choices: Vec::new(),
                although_rejected: true,
                although_contradicted: false,
            },
            false => ReviewDecision::Reject,
        };
        let reviewed =
            self.at(hour).desk(Actor::admin("ann")).review(SuggestionId(pair), &verdict, "asked them")?;
        Ok(reviewed.merge.map(|merge| merge.merge.0))
    }

    /// Whether a suggestion is about those whom it was about from the beginning.
    pub(crate) fn is_original(&self, pair: i64) -> bool {
        let sql = "SELECT COUNT(*) AS t FROM dedupe_suggestions WHERE left_id = original_left_id \
                   AND right_id = original_right_id";
        self.db.number(&format!("{sql} AND id = {pair}")) == 1
    }

    fn correct(&self, importer: &Importer, hour: usize, person: usize, variant: u8) {
        let well = format!("p{person}@example.org");
        let bad =
            row(&format!("p{person}"), person, hour, variant).replace(&well, &format!("nowhere {hour}"));
        assert_eq!(self.read(hour, system_of(person), &[bad]).counts.quarantined, 1);
        let held = self.db.number("SELECT MAX(staging_id) AS t FROM quarantine WHERE status = 'open'");
        let values = vec![("email".to_owned(), well)];
        let fix = RowFix { values, reason: "they wrote".into(), ..RowFix::default() };
        importer.desk(Actor::admin("ann")).fix("volunteer", RowId(held), &fix).unwrap();
    }

    fn import(&self, hour: usize, system: &str, rows: &[String]) {
        let report = self.read(hour, system, rows);
        assert_eq!(report.counts.quarantined, 0, "{report:?}");
    }

    /// Another source brings a person under an id of its own, and nobody is taken for them.
    pub(crate) fn bring_as_stranger(&self, hour: usize, person: usize, variant: u8) {
        let row = row(&elsewhere(person, variant), person, hour, variant);
        let report = self.read_as(hour, "gamma", &[row], Some(AutoMerge::Off));
        assert_eq!(report.counts.inserted, 1, "{report:?}");
    }

    fn read(&self, hour: usize, system: &str, rows: &[String]) -> RunReport {
        self.read_as(hour, system, rows, None)
    }

    fn read_as(
        &self,
        hour: usize,
        system: &str,
        rows: &[String],
        auto_merge: Option<AutoMerge>,
    ) -> RunReport {
        let folder = tempfile::tempdir().unwrap();
        let csv = format!("{COLUMNS}\n{}\n", rows.join("\n"));
        let file = support::file(folder.path(), &format!("{system}-{hour}.csv"), csv);
        let request = RunRequest::new("csv").file(file).external_system(system);
        let request = auto_merge.into_iter().fold(request, RunRequest::auto_merge);
        let report = self.at(hour).run(&request).unwrap();
        assert_eq!(report.status.as_str(), "succeeded", "{report:?}");
        report
    }
}

fn system_of(person: usize) -> &'static str {
    if person.is_multiple_of(2) { "alpha" } else { "beta" }
}

fn value(field: &str, variant: u8) -> &'static str {
    match field {
        "city" => CITIES[usize::from(variant) % CITIES.len()],
        _ => EMPLOYERS[usize::from(variant) % EMPLOYERS.len()],
    }
}

/// The id that another source gives a person; it has some of them twice.
pub(crate) fn elsewhere(person: usize, variant: u8) -> String {
    format!("{}{person}", if matches!(variant, 4 | 5) { "h" } else { "g" })
}

const COLUMNS: &str = "id,first name,last name,email,city,employer,photo release,background check,updated at";

/// A row; sources tell of a change late, at once or never.
fn row(id: &str, person: usize, hour: usize, variant: u8) -> String {
    let city = value("city", variant + u8::try_from(person).unwrap());
    let employer = if variant % 3 == 1 { "" } else { value("employer", variant / 2) };
    let changed = match variant % 4 {
        3 => String::new(),
        late => format!("2025-05-{:02}T08:00:00Z", 1 + hour.saturating_sub(usize::from(late))),
    };
    let release = ["yes", "no", ""][(usize::from(variant) + person) % 3];
    let check = ["cleared", "", "failed", "pending", ""][usize::from(variant) % 5];
    format!("{id},Ann,Lee,p{person}@example.org,{city},{employer},{release},{check},{changed}")
}

/// The people with the origins of their values, who they are to their sources, and what refers to them.
pub(crate) fn people(db: &Database) -> Vec<String> {
    let person = "id || '|' || COALESCE(first_name, '') || '|' || COALESCE(email_normalized, '') || '|' || \
                  COALESCE(city, '') || '|' || COALESCE(employer, '') || '|' || \
                  COALESCE(CAST(photo_release AS TEXT), '') || '|' || COALESCE(background_check_status, '') || '|' || \
                  COALESCE(CAST(source_updated_at AS TEXT), '') \
                  || '|' || origin_source || '|' || COALESCE(CAST(origin_verified_at AS TEXT), '') || '|' || \
                  COALESCE(field_origins, '') || '|' || CAST(created_at AS TEXT)";
    [
        format!("SELECT {person} AS t FROM core_volunteers ORDER BY id"),
        "SELECT volunteer_id || '|' || kind || '|' || value || '|' || CAST(is_primary AS TEXT) || '|' || source AS t \
         FROM core_volunteer_contacts ORDER BY volunteer_id, kind, value"
            .into(),
        "SELECT id || '|' || volunteer_id || '|' || event AS t FROM signups ORDER BY id".into(),
        "SELECT external_system || '|' || external_id || '|' || core_id AS t FROM external_id_map ORDER BY 1".into(),
    ]
    .iter()
    .flat_map(|sql| db.texts(sql))
    .collect()
}

/// The same, with what is remembered of sources and of what was said about pairs.
pub(crate) fn snapshot(db: &Database) -> Vec<String> {
    crate::reasons::assert_known(db);
    let more = [
        "SELECT external_system || '|' || external_id || '|' || row_hash AS t FROM external_id_map ORDER BY 1",
        "SELECT left_id || '|' || right_id || '|' || kind || '|' || decision || '|' || COALESCE(decided_by, '') || '|' || \
         COALESCE(CAST(decided_at AS TEXT), '') AS t FROM dedupe_suggestions WHERE decision <> 'superseded' ORDER BY left_id, right_id",
        "SELECT core_id || '|' || COALESCE(fingerprint, 0) || '|' || other_core_id || '|' || COALESCE(other_fingerprint, 0) AS t \
         FROM not_duplicates ORDER BY 1",
        "SELECT m.core_id || '|' || o.core_id AS t FROM household_members m \
         JOIN household_members o ON o.household_id = m.household_id AND o.core_id > m.core_id ORDER BY 1",
        "SELECT external_system || '|' || COALESCE(CAST(max_source_timestamp AS TEXT), '') AS t FROM watermarks WHERE max_source_timestamp IS NOT NULL ORDER BY 1",
    ];
    people(db).into_iter().chain(more.iter().flat_map(|sql| db.texts(sql))).collect()
}
