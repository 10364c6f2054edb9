//! Tells device, operating system and browser from a `User-Agent` header. Knows nothing of where the header came from.
//!
//! A user agent is a list of claims, most of them false: Edge says that it is Chrome, and Chrome that it is Safari. So
//! the text is read once, word by word; each known word is a sign of something; and of several signs the one that
//! nobody else imitates wins. All names have at most 12 bytes, so that Arrow keeps them inline in a string view.
//!
//! Choices: bots claim no system (theirs is a costume); HTTP libraries that name themselves first (`curl/8.5.0`) are
//! bots; consoles count as `tv`, which is what they are attached to; an iPad that asks for desktop pages as Safari cannot
//! be told from a Mac.

mod words;

use words::{Sign, WORD_BYTES_MAX, sign};

/// Bytes of the header that are read. Real ones end within 400; what follows is padding or an attack.
const READ_BYTES_MAX: usize = 1_024;

/// What a user agent runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Device {
    Desktop,
    Mobile,
    Tablet,
    /// A crawler, a monitor, a link preview or an HTTP library.
    Bot,
    Tv,
    #[default]
    Unknown,
}

impl Device {
    /// All devices, in the order of the documentation.
    pub const ALL: [Self; 6] = [Self::Desktop, Self::Mobile, Self::Tablet, Self::Bot, Self::Tv, Self::Unknown];

    /// Returns the name that the column `device_type` holds.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Desktop => "desktop",
            Self::Mobile => "mobile",
            Self::Tablet => "tablet",
            Self::Bot => "bot",
            Self::Tv => "tv",
            Self::Unknown => "unknown",
        }
    }
}

/// What a `User-Agent` header tells about who sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct UserAgent {
    pub device: Device,
    pub os: Option<&'static str>,
    /// The browser, or the name of the bot.
    pub browser: Option<&'static str>,
}

/// Reads a header. An empty or unknown one gives [`UserAgent::default`].
#[must_use]
pub fn parse(text: &str) -> UserAgent {
    let bytes = text.as_bytes();
    let bytes = &bytes[..bytes.len().min(READ_BYTES_MAX)];
    let mut signs = Signs::default();
    let mut at = 0;
    while at < bytes.len() {
        if !is_word(bytes[at]) {
            at += 1;
            continue;
        }
        let start = at;
        while at < bytes.len() && is_word(bytes[at]) {
            at += 1;
        }
        let before = if start == 0 { Before::Nothing } else { Before::Byte(bytes[start - 1]) };
        signs.add(&bytes[start..at], before);
    }
    signs.verdict()
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// What stands in front of a word.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    Byte(u8),
}

/// A claim and how much it is worth: of two, the one with the lower rank wins.
#[derive(Clone, Copy)]
struct Claim<T> {
    rank: u8,
    value: T,
}

/// The system that was claimed, and what it usually runs on.
#[derive(Clone, Copy)]
struct System {
    name: &'static str,
    device: Device,
}

/// All that was found so far.
#[derive(Default)]
struct Signs {
    bot: bool,
    bot_name: Option<&'static str>,
    system: Option<Claim<System>>,
    browser: Option<Claim<&'static str>>,
    phone: bool,
    tablet: bool,
    tv: bool,
}

impl Signs {
    fn add(&mut self, word: &[u8], before: Before) {
        if word.len() > WORD_BYTES_MAX || word[0].is_ascii_digit() {
            self.bot |= looks_like_bot(word);
            return;
        }
        match sign(word) {
            Some(Sign::Bot(name)) => self.add_bot(Some(name)),
            Some(Sign::Library(name)) if before == Before::Nothing => self.add_bot(Some(name)),
            // A library's name inside an app's user agent only says that an app sent it.
            Some(Sign::Library(_) | Sign::App) => self.phone = true,
            Some(Sign::System(rank, name, device)) => lower(&mut self.system, rank, System { name, device }),
            Some(Sign::Browser(rank, name)) => lower(&mut self.browser, rank, name),
            Some(Sign::HandheldBrowser(rank, name)) => {
                lower(&mut self.browser, rank, name);
                self.phone = true;
            }
            Some(Sign::Phone) => self.phone = true,
            Some(Sign::Tablet) => self.tablet = true,
            Some(Sign::Tv) => self.tv = true,
            // "+https://…" is how a bot says where to complain.
            Some(Sign::Link) => self.bot |= before == Before::Byte(b'+'),
            None if is_fire_tv(word) => self.tv = true,
            None if is_fire_tablet(word) => self.tablet = true,
            None => self.bot |= looks_like_bot(word),
        }
    }

    fn add_bot(&mut self, name: Option<&'static str>) {
        self.bot = true;
        self.bot_name = self.bot_name.or(name);
    }

    fn verdict(&self) -> UserAgent {
        if self.bot {
            let browser = self.bot_name;
            return UserAgent { device: Device::Bot, os: None, browser };
        }
        let system = self.system.map(|claim| claim.value);
        let os = system.map(|system| system.name);
        let browser = self.browser.map(|claim| claim.value);
        match (os, browser) {
            // Only iPads in desktop mode claim a Mac and yet run a browser made for phones.
            (Some(words::MACOS), _) if self.phone => {
                UserAgent { device: Device::Tablet, os: Some(words::IPADOS), browser }
            }
            (Some(words::ANDROID), Some(words::SAFARI)) => self.on(system, Some("Android")),
            // A bare engine is a web view on Apple's systems, and says nothing elsewhere.
            (Some(words::IOS | words::IPADOS | words::MACOS), Some(words::BARE_ENGINE)) => {
                self.on(system, Some(words::WEB_VIEW))
            }
            (_, Some(words::BARE_ENGINE)) => self.on(system, None),
            _ => self.on(system, browser),
        }
    }

    fn on(&self, system: Option<System>, browser: Option<&'static str>) -> UserAgent {
        UserAgent { device: self.device(system), os: system.map(|system| system.name), browser }
    }

    fn device(&self, system: Option<System>) -> Device {
        if self.tv {
            return Device::Tv;
        }
        let Some(system) = system else { return self.form().unwrap_or_default() };
        match (system.name, system.device) {
            // "Tablet PC 2.0" is a component of desktop Windows.
            (words::WINDOWS, usual) if !self.phone => usual,
            // Android puts "Mobile" on phones and leaves it out on tablets.
            (words::ANDROID, _) => self.form().unwrap_or(Device::Tablet),
            (_, Device::Tablet) => Device::Tablet,
            (_, usual) => self.form().unwrap_or(usual),
        }
    }

    fn form(&self) -> Option<Device> {
        match (self.tablet, self.phone) {
            (true, _) => Some(Device::Tablet),
            (false, true) => Some(Device::Mobile),
            (false, false) => None,
        }
    }
}

fn lower<T>(slot: &mut Option<Claim<T>>, rank: u8, value: T) {
    if slot.as_ref().is_none_or(|claim| rank < claim.rank) {
        *slot = Some(Claim { rank, value });
    }
}

/// Tells whether an unknown word names a bot by its ending: `FooBot`, `foo-spider`, `FooCrawler`.
fn looks_like_bot(word: &[u8]) -> bool {
    let ends =
        |ending: &[u8]| word.len() >= ending.len() && word[word.len() - ending.len()..].eq_ignore_ascii_case(ending);
    match word.last() {
        // Cubot makes phones.
        Some(b't' | b'T') => ends(b"bot") && !word.eq_ignore_ascii_case(b"cubot"),
        Some(b'r' | b'R') => ends(b"spider") || ends(b"crawler") || ends(b"scraper") || ends(b"fetcher"),
        _ => false,
    }
}

/// Tells whether the word is a model of Fire TV, such as AFTMM.
fn is_fire_tv(word: &[u8]) -> bool {
    (4..=8).contains(&word.len()) && word.starts_with(b"AFT") && is_model(word)
}

/// Tells whether the word is a model of Fire tablet, such as KFTHWI.
fn is_fire_tablet(word: &[u8]) -> bool {
    (4..=8).contains(&word.len()) && word.starts_with(b"KF") && is_model(word)
}

fn is_model(word: &[u8]) -> bool {
    word.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests;
