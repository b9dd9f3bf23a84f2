//! The plain North American numbers, which are most of all numbers, without the library.
//!
//! Only numbers that the library accepts are taken; all others, and all other forms, are left to it.

/// Area codes in which every number with a first digit of 2 to 9 is valid.
const AREAS: &[u16] = &[
    201, 202, 203, 204, 205, 206, 207, 208, 209, 210, 212, 213, 214, 215, 216, 217, 218, 219, 220, 223, 224,
    225, 226, 227, 228, 229, 231, 234, 235, 236, 239, 240, 248, 249, 250, 251, 252, 253, 254, 256, 257, 260,
    262, 263, 267, 269, 270, 272, 273, 274, 276, 279, 281, 283, 289, 301, 302, 303, 304, 305, 306, 307, 308,
    309, 310, 312, 313, 314, 315, 316, 317, 318, 319, 320, 321, 323, 324, 325, 326, 327, 329, 330, 331, 332,
    334, 336, 337, 339, 341, 343, 346, 347, 350, 351, 352, 353, 354, 360, 361, 363, 364, 365, 367, 368, 369,
    380, 382, 385, 386, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 412, 413, 414, 415, 416, 417, 418,
    419, 423, 424, 425, 428, 430, 431, 432, 434, 435, 437, 438, 440, 442, 443, 445, 447, 448, 450, 458, 463,
    464, 468, 469, 470, 472, 474, 475, 478, 479, 480, 484, 500, 501, 502, 503, 504, 505, 506, 507, 508, 509,
    510, 512, 513, 514, 515, 516, 517, 518, 519, 520, 521, 522, 525, 526, 527, 528, 529, 530, 531, 532, 533,
    534, 539, 540, 541, 544, 548, 551, 557, 559, 561, 562, 563, 564, 566, 567, 570, 571, 572, 573, 574, 575,
    577, 579, 580, 581, 582, 584, 585, 586, 587, 588, 600, 601, 602, 603, 604, 605, 606, 607, 608, 609, 610,
    612, 613, 614, 615, 616, 617, 618, 619, 620, 622, 623, 626, 628, 629, 630, 631, 633, 636, 639, 640, 641,
    645, 646, 647, 650, 651, 656, 657, 658, 659, 660, 661, 662, 667, 669, 672, 678, 680, 681, 682, 683, 686,
    689, 701, 702, 703, 704, 705, 706, 707, 708, 709, 712, 713, 714, 715, 716, 717, 718, 719, 720, 724, 725,
    726, 727, 728, 730, 731, 732, 734, 737, 738, 740, 742, 743, 747, 748, 753, 754, 757, 760, 762, 763, 765,
    769, 770, 771, 772, 773, 774, 775, 778, 779, 780, 781, 782, 785, 786, 787, 800, 801, 802, 803, 804, 805,
    806, 807, 808, 809, 810, 812, 813, 814, 815, 816, 817, 818, 819, 820, 821, 825, 826, 828, 829, 830, 831,
    832, 833, 835, 838, 839, 840, 843, 844, 845, 847, 848, 849, 850, 854, 855, 856, 857, 858, 859, 860, 862,
    863, 864, 865, 866, 867, 870, 872, 873, 877, 878, 879, 888, 900, 901, 902, 903, 904, 905, 906, 907, 908,
    909, 910, 912, 913, 914, 915, 916, 917, 918, 919, 920, 925, 928, 929, 930, 931, 934, 936, 937, 938, 939,
    940, 941, 942, 943, 945, 947, 948, 949, 951, 952, 954, 956, 959, 970, 971, 972, 973, 975, 978, 979, 980,
    984, 985, 986, 989,
];

static PLAIN: [bool; 1000] = {
    let mut plain = [false; 1000];
    let mut at = 0;
    while at < AREAS.len() {
        plain[AREAS[at] as usize] = true;
        at += 1;
    }
    plain
};

/// The ten digits and the extension of a number such as `(816) 234-5678 x12`; without `+1` only if `national` is set.
pub(super) fn plain(input: &str, national: bool) -> Option<([u8; 10], Option<&str>)> {
    let bytes = input.as_bytes();
    let international = bytes.first() == Some(&b'+');
    let mut digits = [0; 11];
    let (mut count, mut at) = (0, usize::from(international));
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'0'..=b'9' => {
                *digits.get_mut(count)? = *byte;
                count += 1;
            }
            b' ' | b'-' | b'.' | b'(' | b')' => {}
            _ => break,
        }
        at += 1;
    }
    let number: [u8; 10] = match (count, digits[0]) {
        (10, _) if national && !international => digits[..10].try_into().ok()?,
        (11, b'1') if national || international => digits[1..].try_into().ok()?,
        _ => return None,
    };
    let area = number[..3].iter().fold(0, |area, digit| area * 10 + usize::from(digit - b'0'));
    if !PLAIN[area] || number[3] < b'2' {
        return None;
    }
    let extension = if at == bytes.len() { None } else { Some(extension(&input[at..])?) };
    Some((number, extension))
}

/// The digits of `x12`, `ext. 12` or `#12`.
fn extension(text: &str) -> Option<&str> {
    let behind = |marker: &str| {
        text.get(..marker.len())
            .filter(|start| start.eq_ignore_ascii_case(marker))
            .map(|_| &text[marker.len()..])
    };
    let digits = behind("ext.").or_else(|| behind("ext")).or_else(|| behind("x")).or_else(|| behind("#"))?;
    let digits = digits.strip_prefix(' ').unwrap_or(digits);
    ((1..=6).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())).then_some(digits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rlibphonenumber::Region;

    use super::super::phone::library;
    use super::*;

    /// What the library says to the same number, in the same form.
    fn by_library(input: &str) -> Option<(String, Option<String>)> {
        let (number, extension) = library(input, Some(Region::US)).ok()?;
        Some((number.to_string(), extension.map(str::to_owned)))
    }

    fn by_table(input: &str) -> Option<(String, Option<String>)> {
        let (digits, extension) = plain(input, true)?;
        Some((format!("+1{}", str::from_utf8(&digits).unwrap()), extension.map(str::to_owned)))
    }

    /// True when a number of the area with such an exchange is valid for the library.
    fn is_valid(area: usize, exchange: usize, line: usize) -> bool {
        by_library(&format!("{area:03}{exchange:03}{line:04}")).is_some()
    }

    #[test]
    fn the_area_codes_are_those_of_the_library() {
        for (area, plain) in PLAIN.iter().enumerate() {
            for exchange in [200, 211, 299, 345, 411, 500, 555, 678, 700, 836, 911, 999] {
                let valid = is_valid(area, exchange, exchange * 7 % 10_000);
                assert!(valid || !plain, "{area} {exchange} is not valid");
            }
        }
    }

    /// Every area code, every exchange, every first digit of the line: what no pattern of the library looks behind.
    #[test]
    #[cfg_attr(debug_assertions, ignore = "eight million calls of the library; run with --release")]
    fn every_area_and_exchange_is_as_the_library_says() {
        for (area, plain) in PLAIN.iter().enumerate() {
            let mut all = true;
            for exchange in 200..1000 {
                for line in 0..10 {
                    all &= is_valid(area, exchange, line * 1000 + (exchange + line) * 37 % 1000);
                }
            }
            assert_eq!(*plain, all, "the table of area codes is out of date at {area}");
        }
    }

    #[test]
    fn takes_the_plain_forms() {
        let forms = "(816) 234-5678|816-234-5678|8162345678|816.234.5678|+18162345678|1-816-234-5678|+1 (816) 234-5678|816 234 5678";
        for form in forms.split('|') {
            assert_eq!(plain(form, true), Some((*b"8162345678", None)), "{form}");
        }
        for form in [
            "816-234-5678 x123",
            "816-234-5678x123",
            "(816) 234-5678 ext. 123",
            "816-234-5678 Ext 123",
            "8162345678 #123",
        ] {
            assert_eq!(plain(form, true), Some((*b"8162345678", Some("123"))), "{form}");
        }
        for form in [
            "816-155-1234",
            "123-456-7890",
            "000-000-0000",
            "234-5678",
            "816-234-56789",
            "816-234-5678 or",
            "+8162345678",
        ] {
            assert_eq!(plain(form, true), None, "{form}");
        }
        assert_eq!(plain("8162345678", false), None);
        assert!(plain("+18162345678", false).is_some());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 2_000 } else { 400_000 }))]
        #[test]
        fn agrees_with_the_library(
            prefix in prop_oneof!["", "\\+1", "1", "\\+", "00", "[+1( ]{1,3}"],
            number in prop_oneof!["[2-9][0-9]{2}[)-]? ?[0-9]{3}[. -]?[0-9]{4}", "816[2-9][0-9]{6}", "[0-9 ().-]{9,16}"],
            extension in prop_oneof!["", "", " ?(x|X|ext|EXT|ext\\.|#|-x) ?[0-9]{0,7}", "[a-z#;,. 0-9]{0,6}"],
        ) {
            let input = [prefix, number, extension].concat();
            if let Some(found) = by_table(&input) {
                prop_assert_eq!(Some(found), by_library(&input), "{:?}", input);
            }
        }
    }
}
