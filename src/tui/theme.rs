//! Turns what something is into how it looks: few colours, each with a meaning, and marks that say the same without any.

use ratatui_core::style::{Color, Modifier, Style};
use ratatui_core::symbols::pixel::{OCTANTS, QUADRANTS, SEXTANTS};

use super::state::Colours;

/// What a terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ability {
    pub depth: Depth,
    pub glyphs: Glyphs,
    pub dots: Dots,
}

/// How many colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    True,
    Palette,
    Sixteen,
}

/// Which characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Glyphs {
    /// Eighths of cells, and dots of braille.
    Blocks,
    Ascii,
}

/// Of which characters lines are made, where there is more than ASCII: those of finer dots are better, and fewer terminals
/// have them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dots {
    /// Two by four blocks that touch each other, of Unicode 16.
    Octants,
    /// Two by three blocks, of Unicode 13.
    Sextants,
    /// Two by four dots; every font for terminals has them.
    Braille,
    /// Two by two blocks.
    Quadrants,
}

impl Dots {
    /// Returns the dots of a cell that lie upon each other; two lie side by side.
    #[must_use]
    pub const fn high(self) -> u16 {
        match self {
            Self::Octants | Self::Braille => 4,
            Self::Sextants => 3,
            Self::Quadrants => 2,
        }
    }

    /// Returns the character with these dots: the lowest bit is the upper left one, the next is at its right.
    #[must_use]
    pub fn symbol(self, bits: u8) -> char {
        let at = |table: &[char]| table.get(usize::from(bits)).copied().unwrap_or(' ');
        match self {
            Self::Octants => at(&OCTANTS),
            Self::Sextants => at(&SEXTANTS),
            Self::Quadrants => at(&QUADRANTS),
            Self::Braille => {
                // Braille counts its upper six dots down the left side, then down the right one.
                const PLACES: [u8; 8] = [0, 3, 1, 4, 2, 5, 6, 7];
                let dots = (0..8).filter(|bit| bits & (1 << bit) != 0).map(|bit| 1 << PLACES[bit]);
                char::from_u32(0x2800 + dots.sum::<u32>()).unwrap_or(' ')
            }
        }
    }
}

/// How everything looks.
#[derive(Debug, Clone)]
pub struct Theme {
    pub text: Style,
    /// What is there to be found, not to be read.
    pub dim: Style,
    /// Lines between things.
    pub rule: Style,
    pub strong: Style,
    pub accent: Style,
    pub good: Style,
    pub warn: Style,
    pub bad: Style,
    /// The line or tab that has the keys.
    pub selected: Style,
    /// A selection in a list that does not have them.
    pub chosen: Style,
    pub bar: Style,
    /// One for each series, most frequent first.
    pub series: [Style; SERIES],
    /// From little to much.
    pub heat: [Color; HEAT],
    pub glyphs: Glyphs,
    pub dots: Dots,
    /// Whether series are told apart by patterns, for there are no colours.
    pub is_mono: bool,
}

/// Series that are told apart.
pub const SERIES: usize = 6;
/// Shades of a heatmap.
pub const HEAT: usize = 6;

/// A colour for each ability: 24 bits, the palette of 256, the sixteen.
#[derive(Clone, Copy)]
struct Tint(u32, u8, Color);

impl Tint {
    fn at(self, depth: Depth) -> Color {
        let [_, red, green, blue] = self.0.to_be_bytes();
        match depth {
            Depth::True => Color::Rgb(red, green, blue),
            Depth::Palette => Color::Indexed(self.1),
            Depth::Sixteen => self.2,
        }
    }
}

/// One palette. Series follow Okabe and Ito, whom people with every kind of colour vision can follow.
struct Palette {
    dim: Tint,
    rule: Tint,
    accent: Tint,
    good: Tint,
    warn: Tint,
    bad: Tint,
    selected: Tint,
    selected_text: Tint,
    chosen: Tint,
    series: [Tint; SERIES],
    heat: [Tint; HEAT],
}

const DARK: Palette = Palette {
    dim: Tint(0x8b_94_a7, 246, Color::DarkGray),
    rule: Tint(0x3f_46_57, 238, Color::DarkGray),
    accent: Tint(0x7d_cf_ff, 117, Color::Cyan),
    good: Tint(0x4f_c1_a6, 79, Color::Green),
    warn: Tint(0xe6_a2_3c, 214, Color::Yellow),
    bad: Tint(0xf7_76_8e, 204, Color::Red),
    selected: Tint(0x7d_cf_ff, 117, Color::Cyan),
    selected_text: Tint(0x11_16_20, 234, Color::Black),
    chosen: Tint(0x2b_32_43, 237, Color::DarkGray),
    series: [
        Tint(0x56_b4_e9, 74, Color::Cyan),
        Tint(0xe6_9f_00, 178, Color::Yellow),
        Tint(0x2f_bf_8f, 36, Color::Green),
        Tint(0xcc_79_a7, 175, Color::Magenta),
        Tint(0xf0_e4_42, 227, Color::Blue),
        Tint(0x7a_83_96, 244, Color::Gray),
    ],
    heat: [
        Tint(0x1d_27_3b, 235, Color::DarkGray),
        Tint(0x2c_46_70, 24, Color::Blue),
        Tint(0x3a_6e_a5, 31, Color::Blue),
        Tint(0x4f_a3_c7, 74, Color::Cyan),
        Tint(0x9a_d9_d2, 116, Color::LightCyan),
        Tint(0xf6_f0_c0, 230, Color::White),
    ],
};

const LIGHT: Palette = Palette {
    dim: Tint(0x5c_66_7a, 242, Color::DarkGray),
    rule: Tint(0xc3_c9_d4, 251, Color::Gray),
    accent: Tint(0x00_5f_9e, 25, Color::Blue),
    good: Tint(0x00_7a_5a, 29, Color::Green),
    warn: Tint(0x9a_5b_00, 130, Color::Yellow),
    bad: Tint(0xb4_1e_44, 161, Color::Red),
    selected: Tint(0x00_5f_9e, 25, Color::Blue),
    selected_text: Tint(0xff_ff_ff, 231, Color::White),
    chosen: Tint(0xdd_e4_ee, 254, Color::Gray),
    series: [
        Tint(0x00_72_b2, 25, Color::Blue),
        Tint(0xd5_5e_00, 166, Color::Red),
        Tint(0x00_7a_5a, 29, Color::Green),
        Tint(0xaa_4a_85, 132, Color::Magenta),
        Tint(0x8a_7a_00, 100, Color::Yellow),
        Tint(0x7a_83_96, 244, Color::DarkGray),
    ],
    heat: [
        Tint(0xea_f0_f6, 255, Color::White),
        Tint(0xbb_d4_e9, 153, Color::LightCyan),
        Tint(0x7f_b2_da, 110, Color::Cyan),
        Tint(0x3f_83_bf, 67, Color::LightBlue),
        Tint(0x1b_54_91, 25, Color::Blue),
        Tint(0x0b_2a_4f, 17, Color::Black),
    ],
};

impl Theme {
    /// Returns how things look with these colours on a terminal with these abilities.
    #[must_use]
    pub fn of(colours: Colours, ability: Ability) -> Self {
        match colours {
            Colours::Dark => Self::coloured(&DARK, ability),
            Colours::Light => Self::coloured(&LIGHT, ability),
            Colours::None => Self::plain(ability),
        }
    }

    fn coloured(palette: &Palette, ability: Ability) -> Self {
        let style = |tint: Tint| Style::new().fg(tint.at(ability.depth));
        let chosen = Style::new().bg(palette.chosen.at(ability.depth));
        // Two of sixteen greys on each other can not be read.
        let chosen =
            if ability.depth == Depth::Sixteen { Style::new().add_modifier(Modifier::UNDERLINED) } else { chosen };
        Self {
            text: Style::new(),
            dim: style(palette.dim),
            rule: style(palette.rule),
            strong: Style::new().add_modifier(Modifier::BOLD),
            accent: style(palette.accent),
            good: style(palette.good),
            warn: style(palette.warn),
            bad: style(palette.bad).add_modifier(Modifier::BOLD),
            selected: style(palette.selected_text).bg(palette.selected.at(ability.depth)),
            chosen,
            bar: style(palette.series[0]),
            series: palette.series.map(style),
            heat: palette.heat.map(|tint| tint.at(ability.depth)),
            glyphs: ability.glyphs,
            dots: ability.dots,
            is_mono: false,
        }
    }

    fn plain(ability: Ability) -> Self {
        let dim = Style::new().add_modifier(Modifier::DIM);
        Self {
            text: Style::new(),
            dim,
            rule: dim,
            strong: Style::new().add_modifier(Modifier::BOLD),
            accent: Style::new().add_modifier(Modifier::BOLD),
            good: Style::new(),
            warn: Style::new().add_modifier(Modifier::BOLD),
            bad: Style::new().add_modifier(Modifier::BOLD),
            selected: Style::new().add_modifier(Modifier::REVERSED),
            chosen: Style::new().add_modifier(Modifier::UNDERLINED),
            bar: Style::new(),
            series: [Style::new(); SERIES],
            heat: [Color::Reset; HEAT],
            glyphs: ability.glyphs,
            dots: ability.dots,
            is_mono: true,
        }
    }

    /// Returns a style for how many of 100 are errors.
    #[must_use]
    pub fn of_errors(&self, percent: f64) -> Style {
        match percent {
            p if p >= 5.0 => self.bad,
            p if p >= 1.0 => self.warn,
            p if p > 0.0 => self.text,
            _ => self.dim,
        }
    }
}

impl Ability {
    /// Returns what a terminal with these variables can show.
    #[must_use]
    pub fn of_variables<'a>(get: impl Fn(&str) -> Option<&'a str>) -> Self {
        let term = get("TERM").unwrap_or_default();
        let depth = match get("COLORTERM") {
            Some("truecolor" | "24bit") => Depth::True,
            _ if term.contains("direct") || term.contains("kitty") => Depth::True,
            _ if term.contains("256") => Depth::Palette,
            _ => Depth::Sixteen,
        };
        let locale = get("LC_ALL").or_else(|| get("LC_CTYPE")).or_else(|| get("LANG")).unwrap_or_default();
        let locale = locale.to_ascii_lowercase();
        let is_utf8 = locale.contains("utf-8") || locale.contains("utf8");
        let has_blocks = is_utf8 && term != "linux" && term != "dumb";
        Self { depth, glyphs: if has_blocks { Glyphs::Blocks } else { Glyphs::Ascii }, dots: Dots::Braille }
    }

    /// Returns the same with lines of these characters, whatever the terminal said.
    #[must_use]
    pub fn of_dots(self, dots: Dots) -> Self {
        Self { glyphs: Glyphs::Blocks, dots, ..self }
    }

    /// Returns the same with what a terminal can do that gives itself this name, such as `kitty(0.40.1)`.
    #[must_use]
    pub fn of_terminal(self, name: &str) -> Self {
        let (kind, version) = name.split_once(['(', ' ']).unwrap_or((name, ""));
        let Some(known) = KNOWN.iter().find(|known| known.name.eq_ignore_ascii_case(kind)) else { return self };
        let version: Vec<u32> = version.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok()).collect();
        let since = |first: Option<&[u32]>| first.is_some_and(|first| version.as_slice() >= first);
        let dots = match (since(known.octants), since(known.sextants)) {
            (true, _) => Dots::Octants,
            (false, true) => Dots::Sextants,
            (false, false) => Dots::Braille,
        };
        Self { depth: Depth::True, dots, ..self }
    }
}

/// A terminal that says its name, has 24 bits of colour, and draws some characters itself, whatever font it has.
struct Known {
    name: &'static str,
    /// The first version that does.
    octants: Option<&'static [u32]>,
    sextants: Option<&'static [u32]>,
}

/// Others take these characters from a font that may not have them, so they are not in this table: they get braille. Nor are
/// multiplexers, for they do not tell which terminal they are in.
const KNOWN: [Known; 7] = [
    Known { name: "kitty", octants: Some(&[0, 40]), sextants: Some(&[0, 20]) },
    Known { name: "ghostty", octants: Some(&[1, 2]), sextants: Some(&[1]) },
    Known { name: "foot", octants: Some(&[1, 20]), sextants: Some(&[]) },
    Known { name: "VTE", octants: Some(&[7800]), sextants: Some(&[]) },
    Known { name: "WezTerm", octants: None, sextants: Some(&[20_210_814]) },
    Known { name: "contour", octants: None, sextants: Some(&[]) },
    Known { name: "iTerm2", octants: None, sextants: None },
];

impl Glyphs {
    #[must_use]
    pub const fn rule(self) -> &'static str {
        match self {
            Self::Blocks => "─",
            Self::Ascii => "-",
        }
    }

    #[must_use]
    pub const fn dot(self) -> &'static str {
        match self {
            Self::Blocks => "●",
            Self::Ascii => "*",
        }
    }

    #[must_use]
    pub const fn pointer(self) -> &'static str {
        match self {
            Self::Blocks => "▸",
            Self::Ascii => ">",
        }
    }

    #[must_use]
    pub const fn open(self) -> &'static str {
        match self {
            Self::Blocks => "▾",
            Self::Ascii => "v",
        }
    }

    #[must_use]
    pub const fn up(self) -> &'static str {
        match self {
            Self::Blocks => "▲",
            Self::Ascii => "+",
        }
    }

    #[must_use]
    pub const fn down(self) -> &'static str {
        match self {
            Self::Blocks => "▼",
            Self::Ascii => "-",
        }
    }

    /// Corners of a frame: upper left, upper right, lower left, lower right.
    #[must_use]
    pub const fn corners(self) -> [&'static str; 4] {
        match self {
            Self::Blocks => ["┌", "┐", "└", "┘"],
            Self::Ascii => ["+"; 4],
        }
    }

    #[must_use]
    pub const fn column(self) -> &'static str {
        match self {
            Self::Blocks => "│",
            Self::Ascii => "|",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abilities_follow_the_variables_of_the_terminal() {
        let check = |variables: &[(&str, &'static str)], depth, glyphs| {
            let get = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
            assert_eq!(Ability::of_variables(get), Ability { depth, glyphs, dots: Dots::Braille });
        };
        check(&[("TERM", "xterm-256color"), ("LANG", "en_GB.UTF-8")], Depth::Palette, Glyphs::Blocks);
        check(&[("TERM", "xterm"), ("COLORTERM", "truecolor"), ("LC_ALL", "C")], Depth::True, Glyphs::Ascii);
        check(&[("TERM", "linux"), ("LANG", "en_GB.UTF-8")], Depth::Sixteen, Glyphs::Ascii);
        check(&[], Depth::Sixteen, Glyphs::Ascii);
    }

    #[test]
    fn dots_follow_the_name_and_version_of_the_terminal() {
        let plain = Ability { depth: Depth::Sixteen, glyphs: Glyphs::Blocks, dots: Dots::Braille };
        let check = |name: &str, depth, dots| {
            assert_eq!(plain.of_terminal(name), Ability { depth, dots, ..plain }, "{name}");
        };
        check("kitty(0.40.1)", Depth::True, Dots::Octants);
        check("kitty(0.39.1)", Depth::True, Dots::Sextants);
        check("foot(1.20.2)", Depth::True, Dots::Octants);
        check("ghostty 1.1.3", Depth::True, Dots::Sextants);
        check("VTE(7802)", Depth::True, Dots::Octants);
        check("VTE(6800)", Depth::True, Dots::Sextants);
        check("WezTerm 20240203-110809-5046fc22", Depth::True, Dots::Sextants);
        check("iTerm2 3.5.4", Depth::True, Dots::Braille);
        for name in ["tmux 3.5a", "XTerm(390)", "", "something 99"] {
            check(name, Depth::Sixteen, Dots::Braille);
        }
    }

    #[test]
    fn each_dot_is_where_it_belongs() {
        let check = |dots: Dots, bits, expected| assert_eq!(dots.symbol(bits), expected, "{dots:?} {bits:08b}");
        check(Dots::Braille, 0b0000_0001, '⠁');
        check(Dots::Braille, 0b0000_0010, '⠈');
        check(Dots::Braille, 0b0011_0000, '⠤');
        check(Dots::Braille, 0b1100_0000, '⣀');
        check(Dots::Braille, 0b1111_1111, '⣿');
        check(Dots::Octants, 0b0000_1111, '▀');
        check(Dots::Octants, 0b1100_0000, '▂');
        check(Dots::Sextants, 0b01_0101, '▌');
        check(Dots::Sextants, 0b11_0000, '🬭');
        check(Dots::Quadrants, 0b1001, '▚');
    }
}
