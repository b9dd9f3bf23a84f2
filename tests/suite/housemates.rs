//! People of one home or one office stay who they are, whatever merges without a human.

use importer::service::{Actor, ScanRequest};
use importer::{AutoMerge, RunRequest};

use super::support::{self, Database};

const HEADER: &str = "id,first name,middle name,last name,gender,email,phone,dob,street,city,state,zip\n";

/// Rows of two people each, without their ids, and what is special about them.
const TWO_PEOPLE: [(&str, &str, &str); 56] = [
    ("compound given names", "Jean Luc,,Morel,,m@example.org,,,,,,", "Jean Paul,,Morel,,m@example.org,,,,,,"),
    ("compound given names", "Mary Beth,,Poe,,p@example.org,,,,,,", "Mary Kay,,Poe,,p@example.org,,,,,,"),
    (
        "compound, twins",
        "Ana Rosa,,Vega,,v@example.org,,2010-01-02,,,,",
        "Ana Pia,,Vega,,v@example.org,,2010-01-02,,,,",
    ),
    ("two prefixes", "Md Rahim,,Uddin,,u@example.org,,,,,,", "Md Karim,,Uddin,,u@example.org,,,,,,"),
    (
        "another form",
        "Mario,,Rossi,,r@example.org,,2010-01-02,,,,",
        "Maria,,Rossi,,r@example.org,,2010-01-02,,,,",
    ),
    (
        "another form",
        "Daniel,,Roth,,r@example.org,,2010-01-02,,,,",
        "Daniela,,Roth,,r@example.org,,2010-01-02,,,,",
    ),
    (
        "another form",
        "Erik,,Lund,,l@example.org,,2010-01-02,,,,",
        "Erika,,Lund,,l@example.org,,2010-01-02,,,,",
    ),
    ("twins", "Luca,,Conti,,c@example.org,,2012-05-01,,,,", "Lucas,,Conti,,c@example.org,,2012-05-01,,,,"),
    ("twins", "Nora,,Kemp,,k@example.org,,2012-05-01,,,,", "Nova,,Kemp,,k@example.org,,2012-05-01,,,,"),
    ("twins", "Mia,,Dahl,,d@example.org,,2012-05-01,,,,", "Mila,,Dahl,,d@example.org,,2012-05-01,,,,"),
    ("particles", "Kim,,van Dyk,,k@example.org,,,,,,", "Kim,,van Berg,,k@example.org,,,,,,"),
    ("particles", "Ali,,Al Said,,a@example.org,,,,,,", "Ali,,Al Rashid,,a@example.org,,,,,,"),
    (
        "father and son",
        "Carl,,Ott,,o@example.org,,1960-10-11,,,,",
        "Carl,,Ott,,o@example.org,,1990-10-11,,,,",
    ),
    (
        "father and son",
        "Otto,,Behr,,b@example.org,,1948-03-02,,,,",
        "Otto,,Behr,,b@example.org,,1978-03-02,,,,",
    ),
    (
        "nine years apart",
        "Abe,,Ray,,a@example.org,,2001-02-03,,,,",
        "Abe,,Ray,,a@example.org,,2010-02-03,,,,",
    ),
    ("years turned", "Ida,,Kuhn,,i@example.org,,1968-04-05,,,,", "Ida,,Kuhn,,i@example.org,,1986-04-05,,,,"),
    (
        "at one address",
        "Otto,,Behr,,,8165550142,1950-03-02,5 Oak Ave,Omaha,NE,68102",
        "Otto,,Behr,,,8165550142,1980-03-02,5 Oak Ave,Omaha,NE,68102",
    ),
    ("middle names", "John,Allen,Stone,,s@example.org,,,,,,", "John,Brian,Stone,,s@example.org,,,,,,"),
    ("middle names", "Ann,Ruth,Webb,,w@example.org,,,,,,", "Ann,Clara,Webb,,w@example.org,,,,,,"),
    ("genders", "Robin,,Hart,f,h@example.org,,,,,,", "Robin,,Hart,m,h@example.org,,,,,,"),
    (
        "placeholder",
        "Ann,,Lee,,none@example.org,,,,Omaha,NE,68102",
        "Ann,,Lee,,none@example.org,,,,Tulsa,OK,74101",
    ),
    (
        "placeholder",
        "Ann,,Lee,,no-email@example.org,,,,Omaha,NE,68102",
        "Ann,,Lee,,no-email@example.org,,,,Tulsa,OK,74101",
    ),
    (
        "placeholder",
        "Ann,,Lee,,na@example.org,,,,Omaha,NE,68102",
        "Ann,,Lee,,na@example.org,,,,Tulsa,OK,74101",
    ),
    (
        "placeholder",
        "Ann,,Lee,,keine@example.de,,,,Omaha,NE,68102",
        "Ann,,Lee,,keine@example.de,,,,Tulsa,OK,74101",
    ),
    ("placeholder", "Ann,,Lee,,x@noemail.com,,,,Omaha,NE,68102", "Ann,,Lee,,x@noemail.com,,,,Tulsa,OK,74101"),
    (
        "no answer",
        "Ann,,Lee,,noreply@example.org,,,,Omaha,NE,68102",
        "Ann,,Lee,,noreply@example.org,,,,Tulsa,OK,74101",
    ),
    (
        "function",
        "Ann,,Lee,,info@example.org,,,,Omaha,NE,68102",
        "Ann,,Lee,,info@example.org,,,,Tulsa,OK,74101",
    ),
    (
        "function",
        "Ann,,Lee,,front.desk@example.org,,,,Omaha,NE,68102",
        "Ann,,Lee,,front.desk@example.org,,,,Tulsa,OK,74101",
    ),
    (
        "function",
        "Ann,,Lee,,sekretariat@example.de,,,,Omaha,NE,68102",
        "Ann,,Lee,,sekretariat@example.de,,,,Tulsa,OK,74101",
    ),
    (
        "function",
        "Ann,,Lee,,secretaria@example.es,,,,Omaha,NE,68102",
        "Ann,,Lee,,secretaria@example.es,,,,Tulsa,OK,74101",
    ),
    (
        "function",
        "Ann,,Lee,,office@example.org,,1950-03-02,,,,",
        "Ann,,Lee,,office@example.org,,1980-03-02,,,,",
    ),
    ("number", "Ann,,Lee,,,8165555555,,,Omaha,NE,68102", "Ann,,Lee,,,8165555555,,,Tulsa,OK,74101"),
    ("number", "Ann,,Lee,,,2125551234,,,Omaha,NE,68102", "Ann,,Lee,,,2125551234,,,Tulsa,OK,74101"),
    ("one of them Jr", "Otto,,Behr,,b@example.org,,1950-01-02,,,,", "Otto,,Behr Jr,,b@example.org,,,,,,"),
    ("one of them Jr", "Otto,,Behr,,b@example.org,,,,,,", "Otto Jr.,,Behr,,b@example.org,,,,,,"),
    ("one of them III", "Otto,,Behr III,,b@example.org,,,,,,", "Otto,,Behr,,b@example.org,,1950-01-02,,,,"),
    ("generations", "Morris I,,Behr,,b@example.org,,,,,,", "Morris II,,Behr,,b@example.org,,,,,,"),
    ("generations", "Otto,,Behr Sr,,b@example.org,,,,,,", "Otto,,Behr Jr,,b@example.org,,,,,,"),
    ("generations", "Otto,Jr,Behr,,b@example.org,,,,,,", "Otto,,Behr III,,b@example.org,,,,,,"),
    (
        "the middle initial of another",
        "Thomas W.,,Potter,,w@example.org,,,12 Oak Street,Liberty,MO,64068",
        "William,,Potter,,w@example.org,,,12 Oak Street,Liberty,MO,64068",
    ),
    (
        "initials",
        "John A,,Stone,,s@example.org,,2010-01-02,,,,",
        "John B,,Stone,,s@example.org,,2010-01-02,,,,",
    ),
    (
        "initials",
        "Mary J,,Poe,,p@example.org,,2010-01-02,,,,",
        "Mary Ann,,Poe,,p@example.org,,2010-01-02,,,,",
    ),
    (
        "a birth date that nobody can read",
        "Ana,,Ruiz,,r@example.org,,31/31/1980,,,,",
        "Ana,,Ruiz,,r@example.org,,1950-01-02,,,,",
    ),
    (
        "a birth date that nobody can read",
        "Ana,,Ruiz,,r@example.org,,about 1980,,,,",
        "Ana,,Ruiz,,r@example.org,,,,,,",
    ),
    (
        "a filled-in birth date",
        "Ana,,Ruiz,,ana@example.org,,1970-01-01,,,,",
        "Ana,,Ruiz,,ruiz@example.net,,1970-01-01,,,,",
    ),
    (
        "a filled-in birth date",
        "Ana,,Ruiz,,ana@example.org,,2000-01-01,,Omaha,NE,68102",
        "Ana,,Ruiz,,ruiz@example.net,,2000-01-01,,Omaha,NE,68102",
    ),
    ("a year", "Ana,,Ruiz,,ana@example.org,,1985-01-01,,,,", "Ana,,Ruiz,,ruiz@example.net,,1985-01-01,,,,"),
    (
        "no street",
        "Ana,,Ruiz,,ana@example.org,,1985-02-14,PO Box,Omaha,NE,68102",
        "Ana,,Ruiz,,ruiz@example.net,,1985-02-15,PO Box,Omaha,NE,68102",
    ),
    (
        "no street",
        "Ana,,Ruiz,,ana@example.org,,,N/A,Omaha,NE,68102",
        "Ana,,Ruiz,,ruiz@example.net,,,N/A,Omaha,NE,68102",
    ),
    ("no name", "Unknown,,Ruiz,,r@example.org,,,,,,", "Unknown,,Ruiz,,r@example.org,,,,,,"),
    ("no name", "Miss,,Ruiz,,r@example.org,,,,,,", "Ana,,Ruiz,,r@example.org,,,,,,"),
    (
        "no given name",
        ",,Ruiz,,r@example.org,8165550142,,5 Oak Ave,Omaha,NE,68102",
        "Ana,,Ruiz,,r@example.org,8165550142,,5 Oak Ave,Omaha,NE,68102",
    ),
    (
        "no family name",
        "Ana,,,,r@example.org,8165550142,,5 Oak Ave,Omaha,NE,68102",
        "Ana,,Ruiz,,r@example.org,8165550142,,5 Oak Ave,Omaha,NE,68102",
    ),
    (
        "a name alone",
        "Zephyrine,,Quillfeather,,,8165550142,,,,,",
        "Zephyrine,,Quillfeather,,,9135550143,,,,,",
    ),
    (
        "a nickname under two ids",
        "Tom,,Kemp,,k@example.org,,2012-05-01,,,,",
        "Thomas,,Kemp,,k@example.org,,2012-05-01,,,,",
    ),
    (
        "numbered addresses",
        "Lea,,Smith,,lsmith12@example.org,,,,Omaha,NE,68102",
        "Lea,,Smith,,lsmith13@example.org,,,,Omaha,NE,68102",
    ),
];

/// Rows of one person each, which the mode `full` merges.
const ONE_PERSON: [(&str, &str); 11] = [
    ("Jean Luc,,Morel,,m@example.org,,,,,,", "JEAN-LUC,,Morel,,m@example.org,,,,,,"),
    ("Mary Ann,,Poe,,p@example.org,,2010-01-02,,,,", "Mary Ann,,Poe,,p@example.org,,2010-01-03,,,,"),
    ("John,Allen,Stone,,s@example.org,,,,,,", "John,A,Stone,,s@example.org,,,,,,"),
    ("Kim,,van Dyk,,k@example.org,,,,,,", "Kim,,Van Dyk,,k@example.org,,,,,,"),
    ("Ann,,Lee,,officer@example.org,,,,Omaha,NE,68102", "Ann,,Lee,,officer@example.org,,,,Tulsa,OK,74101"),
    ("Otto,,Behr Jr,,b@example.org,,1950-01-02,,,,", "Otto,,Behr,,b@example.org,,1950-01-02,,,,"),
    ("Otto,,Behr Jr.,,b@example.org,,,,,,", "Otto,,Behr II,,b@example.org,,,,,,"),
    ("Miss Ana,,Ruiz,,r@example.org,,,,,,", "Ana,,Ruiz,,r@example.org,,,,,,"),
    ("John A,,Stone,,s@example.org,,1970-05-06,,,,", "John,,Stone,,s@example.org,,1970-05-06,,,,"),
    ("Ana,,Ruiz,,r@example.org,,1900-01-01,,,,", "Ana,,Ruiz,,r@example.org,,1955-03-02,,,,"),
    ("Ana,,Ruiz,,r@example.org,,N/A,,,,", "Ana,,Ruiz,,r@example.org,,1955-03-02,,,,"),
];

/// How many people the two rows are: as one file, or as two files when `parted`; with what is obvious merged afterwards.
fn people(db: &Database, rows: [&str; 2], mode: AutoMerge, parted: bool) -> i64 {
    let folder = tempfile::tempdir().unwrap();
    let importer = db.importer();
    let lines = [format!("1,{}\n", rows[0]), format!("2,{}\n", rows[1])];
    let files = if parted { lines.to_vec() } else { vec![lines.concat()] };
    for (number, lines) in files.iter().enumerate() {
        let file = support::file(folder.path(), &format!("{number}.csv"), format!("{HEADER}{lines}"));
        let report = importer.run(&RunRequest::new("csv").file(file).auto_merge(mode)).unwrap();
        let counts = &report.counts;
        assert_eq!((counts.clean, counts.quarantined), (counts.read, 0), "{rows:?}: {report:?}");
    }
    let desk = importer.desk(Actor::admin("ann"));
    desk.merge_obvious("volunteer", "beyond doubt").unwrap();
    desk.scan(&ScanRequest::new("volunteer"), "once more").unwrap();
    desk.merge_obvious("volunteer", "beyond doubt").unwrap();
    importer.count("volunteer").unwrap()
}

#[test]
fn two_people_stay_two_in_every_mode() {
    for (case, one, other) in TWO_PEOPLE {
        for mode in [AutoMerge::Deterministic, AutoMerge::Full] {
            for (rows, parted) in [([one, other], false), ([other, one], true)] {
                let found = people(&support::sqlite(), rows, mode, parted);
                assert_eq!(
                    found,
                    2,
                    "{case}, {mode}, {}: {rows:?}",
                    if parted { "two files" } else { "one file" }
                );
            }
        }
    }
}

#[test]
fn the_databases_agree_about_who_is_two() {
    for (case, one, other) in TWO_PEOPLE.into_iter().step_by(5) {
        for db in support::databases() {
            let found = people(&db, [one, other], AutoMerge::Full, false);
            assert_eq!(found, 2, "{case} on {}", db.backend);
        }
    }
}

#[test]
fn one_person_is_still_found() {
    for (one, other) in ONE_PERSON {
        for (rows, parted) in [([one, other], false), ([other, one], true)] {
            assert_eq!(people(&support::sqlite(), rows, AutoMerge::Full, parted), 1, "{rows:?}");
        }
    }
}

/// A nickname is one person in two sources, which have it under an id each.
#[test]
fn a_nickname_of_two_sources_is_one_person() {
    let db = support::sqlite();
    let folder = tempfile::tempdir().unwrap();
    let importer = db.importer();
    for (source, name) in [("signup", "William"), ("crm", "Bill")] {
        let row = format!("{HEADER}7,{name},,Hart,,h@example.org,,1970-01-02,,,,\n");
        let file = support::file(folder.path(), &format!("{source}.csv"), row);
        let request = RunRequest::new("csv").file(file).external_system(source).auto_merge(AutoMerge::Full);
        importer.run(&request).unwrap();
    }
    assert_eq!(importer.count("volunteer").unwrap(), 1);
}
