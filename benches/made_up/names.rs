//! Names as often as in a census: the common ones by their shares, then ever rarer ones.

use std::sync::LazyLock;

/// The most common given names and family names, each with its share in percent.
const COMMON: &str = include_str!("../../importer-dedupe/src/matching/features/common_names.txt");

/// Further given names, the more common ones first, in the notations that people type.
const GIVEN: &str = "\
Kathryn Jean Gerald Gloria Teresa Juan Doris Albert Evelyn Jonathan Justin Cheryl Julia Terry Keith Samuel Mildred Willie \
Ralph Katherine Joan Ashley Judith Lawrence Nicholas Roy Benjamin Bruce Rose Brandon Adam Janice Fred Kelly Billy Nicole \
Steve Louis Judy Jeremy Christina Kathy Aaron Randy Theresa Howard Beverly Eugene Denise Carlos Tammy Russell Irene Bobby \
Jane Victor Lori Martin Rachel Ernest Marilyn Phillip Andrea Todd Kathryn Jesse Louise Craig Sara Alan Anne Shawn \
Jacqueline Clarence Wanda Sean Bonnie Philip JULIA Chris Ruby Johnny Lois Earl Tina Jimmy Phyllis Antonio Norma Danny \
Paula Bryan Diana Tony Annie Luis Lillian Mike Emily Stanley Robin Leonard Peggy Nathan Crystal Dale Gladys Manuel Rita \
Rodney Dawn Curtis Connie Norman Florence Allen Tracy Marvin Edna Vincent Tiffany Glenn Carmen Jeffery Rosa Travis Cindy \
Jeff Grace Chad Wendy Jacob Victoria Lee Edith Melvin Kim Alfred Sherry Kyle Sylvia Francis Josephine Bradley Thelma \
Jesús Shannon Herbert Sheila Frederick Ethel Ray Ellen Joel Elaine Edwin Marjorie Don Carrie Eddie Charlotte Ricky Monica \
Troy Esther Randall Pauline Barry Emma Alexander Juanita Bernard Anita Mario Rhonda Leroy Hazel Francisco Amber Marcus \
Eva Micheal Debbie Theodore April Clifford Leslie Miguel Clara Oscar Lucille Jay Jamie Jim Joanne Tom Eleanor Calvin \
Valerie Alex Danielle Jon Megan Ronnie Alicia Bill Suzanne Lloyd Michele Tommy Gail Leon Bertha Derek Darlene Warren \
Veronica Darrell Jill Jerome Erin Floyd Geraldine Leo Lauren Alvin Cathy Tim Joann Wesley Lorraine Gordon Lynn Dean \
Sally Greg Regina Jorge Erica Dustin Beatrice Pedro Dolores Derrick Bernice Dan Audrey Lewis Yvonne Zachary Annette \
Corey June Herman Samantha Maurice Marion Vernon Dana Roberto Stacy Clyde Ana Glen Renee Hector Ida Shane Vivian Ricardo \
Roberta Sam Holly Rick Brittany Lester Melanie Brent Loretta Ramon Yolanda Charlie Jeanette Tyler Laurie Gilbert Katie \
Gene Kristen Marc Vanessa Reginald Alma Ruben Sue Brett Elsie Ángel Beth Nathaniel Jeanne Rafael Vicki luis Carla KEIKO \
Tara María Rosemary Omar Eileen Zoë Terri Inès Gertrude Farah Lucy Chidi Tonya Émile Ella Hiroko Stacey Bruno Wilma \
Dorota Gina Guðrún Kristin Jamal Jessie Nadia Natalie Ada Agnes Ming Priya Wei Fatima Ahmed Olga Ivan Thi Anh Seo-yeon \
Mary-Jane Jean-Luc Aaliyah Kwame Ifeoma Sanjay Lakshmi Yusuf Leila Bogdan Agnieszka Søren Łukasz Björn Siobhán Niamh";

/// Family names with a notation of their own, more frequent here than elsewhere so that each occurs.
const FAMILY: &str = "\
de~la~Cruz|van~der~Berg|O'Neil|McDonald|Núñez|HOLLAND|smith|Fischer|Adeyemi|Ivanov|García-López|Müller|St.~John|Nowak|\
Kowalski|Singh|Chen|Wang|Tran|Pham|Le|Ali|Khan|Yamamoto|Okafor|Petrov|Haddad|Rossi|Dubois|Schmidt|Jensen|MacLeod|D'Angelo";

/// Of these and the endings below, as English places and families do it, come the rare family names.
const BEGINNINGS: &str = "\
Ash Black Brad Brook Buck Burn Carl Chat Ched Clay Cliff Cole Crom Dal Dar Den Dun East Ed El Fair Far Fen Fox Gar Gil \
Glad Gold Good Gran Green Grim Had Hal Ham Har Hart Haver Hay Hazel Hed Hill Hol Horn Hunt Kel Ken Kil King Kirk Lang Lin \
Long Lud Mar May Mel Mid Mil Mor New Nor North Oak Old Os Pem Pen Pres Rad Red Rich Ring Rock Rose Ruther Sand Shel Sher \
Sil Stan Star Stock Strat Sut Swin Thorn Til Tot Wal War Wat Well Wes Whit Wil Win Wood Worth York";

const ENDINGS: &str = "\
ton ford ley ham worth well field man son wood land by bury combe cott den don er gate hurst ing kin lock low mer more ner \
over port ridge rick shaw side stead stone ster stow thorpe ton-Hall ward water way wick win wold yard bourne brook \
burn bridge church croft dale grove head holm house";

/// Names, the share of each behind those before it.
pub(crate) struct Names(Vec<(String, f64)>);

impl Names {
    /// The shares of `common` in percent; each rarer name has that of the last one, falling with its rank to a power.
    fn new(common: &str, rare: impl Iterator<Item = String>, power: f64) -> Self {
        let mut all: Vec<(String, f64)> = common
            .lines()
            .filter_map(|line| {
                let (name, percent) = line.split_once(' ')?;
                let (initial, rest) = name.split_at_checked(1)?;
                Some((initial.to_uppercase() + rest, percent.parse().ok()?))
            })
            .collect();
        let (last, ranks) = (all.last().map_or(1.0, |(_, share)| *share), all.len() as f64);
        for name in rare {
            let rank = all.len() as f64 + 1.0;
            all.push((name, last * (ranks / rank).powf(power)));
        }
        let mut sum = 0.0;
        for (_, share) in &mut all {
            sum += *share;
            *share = sum;
        }
        for (_, share) in &mut all {
            *share /= sum;
        }
        Self(all)
    }

    /// The name at a place from 0 to 1, where each takes as much room as its share.
    pub(crate) fn at(&self, place: f64) -> &str {
        let found = self.0.partition_point(|(_, share)| *share <= place);
        &self.0[found.min(self.0.len() - 1)].0
    }
}

/// About 450 names. By the census of 1990 the share of a name falls a little faster than its rank grows.
pub(crate) static GIVEN_NAMES: LazyLock<Names> = LazyLock::new(|| {
    let (given, _) = COMMON.split_once("[family]").unwrap();
    Names::new(given, GIVEN.split_ascii_whitespace().map(str::to_owned), 1.2)
});

/// About 6,000 names. By the census of 2010 the share falls tenfold from rank 100 to rank 1,000 and a half; a list that ends
/// makes common names half as common again as they are.
pub(crate) static FAMILY_NAMES: LazyLock<Names> = LazyLock::new(|| {
    let (_, family) = COMMON.split_once("[family]").unwrap();
    let own = FAMILY.split('|').map(|name| name.replace('~', " "));
    let endings: Vec<&str> = ENDINGS.split_ascii_whitespace().collect();
    let made = endings.into_iter().flat_map(|ending| {
        BEGINNINGS.split_ascii_whitespace().map(move |beginning| format!("{beginning}{ending}"))
    });
    Names::new(family, own.chain(made), 0.82)
});
