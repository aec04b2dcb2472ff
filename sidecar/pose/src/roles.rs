//! Who leads, as an annotation says it.

/// A side of the picture, as who looks at it sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Smaller x.
    Left,
    /// Larger x.
    Right,
}

/// What an annotation tells of who leads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RoleHint {
    /// Nothing, or nothing that is clear: a rule decides.
    #[default]
    Unsaid,
    /// The lead stands on this side at the first moments that show both dancers.
    LeadOn(Side),
}

/// How lead and follow were told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RolesFrom {
    /// By the annotation's hint.
    Annotation,
    /// By rule: the taller leads; of two equally tall, the one on the left; one alone leads.
    Rule,
    /// There is nobody.
    Nobody,
}

impl RolesFrom {
    /// The word for documents and reports: `annotation`, `rule` or `none`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Annotation => "annotation",
            Self::Rule => "rule",
            Self::Nobody => "none",
        }
    }
}

impl RoleHint {
    /// Reads free text such as `lead left`, `follow: right`, `left=lead`, `Leader on the right,
    /// follower on the left`. What is unclear or contradicts itself is [`RoleHint::Unsaid`], and
    /// so are sides that belong to something else (`lead raises the left hand`).
    pub fn read(text: &str) -> Self {
        let mut said: Option<Side> = None;
        for clause in clauses(text) {
            let Some(side) = clause else { return Self::Unsaid };
            match said {
                Some(before) if before != side => return Self::Unsaid,
                _ => said = Some(side),
            }
        }
        said.map_or(Self::Unsaid, Self::LeadOn)
    }
}

/// Characters of a hint that are read; more is no hint.
const TEXT_BYTES_MAX: usize = 1000;

#[derive(Clone, Copy, PartialEq)]
enum Word {
    Lead,
    Follow,
    At(Side),
}

/// The side of the lead that each pair of a role and a side gives; `None` for what is unclear.
fn clauses(text: &str) -> Vec<Option<Side>> {
    if text.len() > TEXT_BYTES_MAX {
        return Vec::new();
    }
    let lower = text.to_lowercase();
    let words: Vec<&str> =
        lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    if words.iter().any(|word| ["not", "neither", "no", "switch", "switches"].contains(word)) {
        return Vec::new();
    }
    let mut told = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let next = words.get(at + 1).copied().unwrap_or_default();
        match *word {
            "lead" | "leads" | "leader" | "leading" => told.push(Word::Lead),
            "follow" | "follows" | "follower" | "following" => told.push(Word::Follow),
            "left" | "l" if !OTHERS.contains(&next) => told.push(Word::At(Side::Left)),
            "right" | "r" if !OTHERS.contains(&next) => told.push(Word::At(Side::Right)),
            _ => {}
        }
    }
    if told.len() % 2 == 1 {
        return vec![None];
    }
    told.chunks(2)
        .map(|pair| match pair {
            [Word::Lead, Word::At(side)] | [Word::At(side), Word::Lead] => Some(*side),
            [Word::Follow, Word::At(side)] | [Word::At(side), Word::Follow] => {
                Some(if *side == Side::Left { Side::Right } else { Side::Left })
            }
            _ => None,
        })
        .collect()
}

/// Words that make the side before them somebody's, not the picture's.
const OTHERS: [&str; 14] = [
    "hand", "hands", "arm", "arms", "foot", "feet", "leg", "shoulder", "hip", "knee", "elbow",
    "turn", "turns", "step",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_text_tells_the_side_of_the_lead_or_nothing() {
        let left = RoleHint::LeadOn(Side::Left);
        let right = RoleHint::LeadOn(Side::Right);
        #[rustfmt::skip]
        let cases: &[(&str, RoleHint)] = &[
            ("lead left",                                    left),
            ("follow: right",                                left),
            ("left=lead",                                    left),
            ("left = follow",                                right),
            ("Leader on the right, follower on the left",    right),
            ("lead left / follow right",                     left),
            ("L: follow; R: lead",                           right),
            ("lead=right",                                   right),
            ("lead left, follow left",                       RoleHint::Unsaid),
            ("both",                                         RoleHint::Unsaid),
            ("lead_focus",                                   RoleHint::Unsaid),
            ("lead and follow",                              RoleHint::Unsaid),
            ("lead raises the left hand",                    RoleHint::Unsaid),
            ("lead left, follow",                            RoleHint::Unsaid),
            ("lead is not left",                             RoleHint::Unsaid),
            ("left to right",                                RoleHint::Unsaid),
            ("",                                             RoleHint::Unsaid),
        ];
        for &(text, expected) in cases {
            assert_eq!(RoleHint::read(text), expected, "{text}");
        }
        assert_eq!(RoleHint::read(&"lead left ".repeat(100_000)), RoleHint::Unsaid);
    }
}
