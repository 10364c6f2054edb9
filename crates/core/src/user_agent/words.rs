//! The words that mean something in a user agent, and a fast way to look one up.

use super::Device;

pub(super) const WINDOWS: &str = "Windows";
pub(super) const MACOS: &str = "macOS";
pub(super) const IOS: &str = "iOS";
pub(super) const IPADOS: &str = "iPadOS";
pub(super) const ANDROID: &str = "Android";
pub(super) const SAFARI: &str = "Safari";
/// The browser of a page inside an app.
pub(super) const WEB_VIEW: &str = "WebView";
/// An engine whose browser is not named; never an answer by itself.
pub(super) const BARE_ENGINE: &str = "AppleWebKit";

/// What a word is a sign of. The rank says how much a claim is worth, 0 most.
#[derive(Debug, Clone, Copy)]
pub(super) enum Sign {
    Bot(&'static str),
    /// An HTTP library: a bot if it comes first, and otherwise what an app is built with.
    Library(&'static str),
    /// A runtime of apps on phones.
    App,
    System(u8, &'static str, Device),
    Browser(u8, &'static str),
    /// A browser that exists only on phones and tablets.
    HandheldBrowser(u8, &'static str),
    Phone,
    Tablet,
    Tv,
    /// The start of an address.
    Link,
}

// Ranks of browsers: an app that shows a page, then forks of Chromium, then those that others imitate.
const IN_APP: u8 = 0;
const FORK: u8 = 1;
const MAIN: u8 = 2;
const VIEW: u8 = 3;
const CHROME: u8 = 4;
const OLD: u8 = 5;
const IMITATED: u8 = 6;
const ENGINE: u8 = 7;

/// Words by first byte. Signs of Windows outrank Android and iOS, because Windows phones claim those too.
const WORDS: &[(&str, Sign)] = &[
    ("AdsBot", Sign::Bot("Googlebot")),
    ("AhrefsBot", Sign::Bot("AhrefsBot")),
    ("Amazonbot", Sign::Bot("Amazonbot")),
    ("Android", Sign::System(2, ANDROID, Device::Mobile)),
    ("Apache", Sign::Library("Java")),
    ("AppleTV", Sign::System(0, "tvOS", Device::Tv)),
    ("AppleWebKit", Sign::Browser(ENGINE, BARE_ENGINE)),
    ("Applebot", Sign::Bot("Applebot")),
    ("BB10", Sign::System(3, "BlackBerry", Device::Mobile)),
    ("BRAVIA", Sign::Tv),
    ("Baiduspider", Sign::Bot("Baiduspider")),
    ("BingPreview", Sign::Bot("Bingbot")),
    ("BlackBerry", Sign::System(3, "BlackBerry", Device::Mobile)),
    ("Brave", Sign::Browser(FORK, "Brave")),
    ("Bytespider", Sign::Bot("Bytespider")),
    ("BytedanceWebview", Sign::Browser(IN_APP, "TikTok")),
    ("CCBot", Sign::Bot("CCBot")),
    ("ChatGPT", Sign::Bot("ChatGPT")),
    ("Chrome", Sign::Browser(CHROME, "Chrome")),
    ("Chromium", Sign::Browser(VIEW, "Chromium")),
    ("ClaudeBot", Sign::Bot("ClaudeBot")),
    ("CrKey", Sign::Tv),
    ("CrOS", Sign::System(3, "ChromeOS", Device::Desktop)),
    ("CriOS", Sign::HandheldBrowser(MAIN, "Chrome")),
    ("DTV", Sign::Tv),
    ("Dalvik", Sign::App),
    ("Dart", Sign::Library("Dart")),
    ("Ddg", Sign::Browser(FORK, "DuckDuckGo")),
    ("Discordbot", Sign::Bot("Discordbot")),
    ("DuckDuckBot", Sign::Bot("DuckDuckBot")),
    ("DuckDuckGo", Sign::Browser(FORK, "DuckDuckGo")),
    ("Edg", Sign::Browser(MAIN, "Edge")),
    ("EdgA", Sign::HandheldBrowser(MAIN, "Edge")),
    ("Edge", Sign::Browser(MAIN, "Edge")),
    ("EdgiOS", Sign::HandheldBrowser(MAIN, "Edge")),
    ("Electron", Sign::Browser(FORK, "Electron")),
    ("Epiphany", Sign::Browser(FORK, "Epiphany")),
    ("FBAN", Sign::Browser(IN_APP, "Facebook")),
    ("FBAV", Sign::Browser(IN_APP, "Facebook")),
    ("FBIOS", Sign::HandheldBrowser(IN_APP, "Facebook")),
    ("FB_IAB", Sign::HandheldBrowser(IN_APP, "Facebook")),
    ("Firefox", Sign::Browser(CHROME, "Firefox")),
    ("FreeBSD", Sign::System(4, "FreeBSD", Device::Desktop)),
    ("FxiOS", Sign::HandheldBrowser(MAIN, "Firefox")),
    ("GPTBot", Sign::Bot("GPTBot")),
    ("GSA", Sign::HandheldBrowser(IN_APP, "Google")),
    ("Go", Sign::Library("Go")),
    ("GoogleOther", Sign::Bot("Googlebot")),
    ("GoogleTV", Sign::Tv),
    ("Googlebot", Sign::Bot("Googlebot")),
    ("HarmonyOS", Sign::System(1, "HarmonyOS", Device::Mobile)),
    ("HbbTV", Sign::Tv),
    ("HeadlessChrome", Sign::Bot("Chrome")),
    ("HuaweiBrowser", Sign::Browser(FORK, "Huawei")),
    ("IEMobile", Sign::HandheldBrowser(OLD, "IE")),
    ("InspectionTool", Sign::Bot("Googlebot")),
    ("Instagram", Sign::HandheldBrowser(IN_APP, "Instagram")),
    ("Java", Sign::Library("Java")),
    ("KAIOS", Sign::System(1, "KaiOS", Device::Mobile)),
    ("Kindle", Sign::Tablet),
    ("Lighthouse", Sign::Bot("Lighthouse")),
    ("Line", Sign::HandheldBrowser(IN_APP, "Line")),
    ("LinkedInBot", Sign::Bot("LinkedInBot")),
    ("Linux", Sign::System(5, "Linux", Device::Desktop)),
    ("MIDP", Sign::Phone),
    ("MJ12bot", Sign::Bot("MJ12bot")),
    ("MSIE", Sign::Browser(OLD, "IE")),
    ("Macintosh", Sign::System(3, MACOS, Device::Desktop)),
    ("Mediapartners", Sign::Bot("Googlebot")),
    ("MicroMessenger", Sign::Browser(IN_APP, "WeChat")),
    ("Mini", Sign::Phone),
    ("MiuiBrowser", Sign::HandheldBrowser(FORK, "Miui")),
    ("Mobi", Sign::Phone),
    ("Mobile", Sign::Phone),
    ("NETTV", Sign::Tv),
    ("NetCast", Sign::Tv),
    ("Nintendo", Sign::System(0, "Nintendo", Device::Tv)),
    ("OPR", Sign::Browser(MAIN, "Opera")),
    ("OPT", Sign::HandheldBrowser(MAIN, "Opera")),
    ("OPiOS", Sign::HandheldBrowser(MAIN, "Opera")),
    ("OpenHarmony", Sign::System(1, "HarmonyOS", Device::Mobile)),
    ("Opera", Sign::Browser(MAIN, "Opera")),
    ("PHP", Sign::Library("PHP")),
    ("PerplexityBot", Sign::Bot("Perplexity")),
    ("PetalBot", Sign::Bot("PetalBot")),
    ("Phone", Sign::Phone),
    ("Pingdom", Sign::Bot("Pingdom")),
    ("PlayStation", Sign::System(0, "PlayStation", Device::Tv)),
    ("Playwright", Sign::Bot("Playwright")),
    ("PostmanRuntime", Sign::Library("Postman")),
    ("Prometheus", Sign::Library("Prometheus")),
    ("Python", Sign::Library("Python")),
    ("Roku", Sign::System(0, "Roku", Device::Tv)),
    ("Ruby", Sign::Library("Ruby")),
    ("SMARTTV", Sign::Tv),
    ("Safari", Sign::Browser(IMITATED, SAFARI)),
    ("SamsungBrowser", Sign::Browser(MAIN, "Samsung")),
    ("SemrushBot", Sign::Bot("SemrushBot")),
    ("Silk", Sign::Browser(FORK, "Silk")),
    ("Slackbot", Sign::Bot("Slackbot")),
    ("Slurp", Sign::Bot("Yahoo")),
    ("SmartTV", Sign::Tv),
    ("Snapchat", Sign::HandheldBrowser(IN_APP, "Snapchat")),
    ("SonyDTV", Sign::Tv),
    ("StatusCake", Sign::Bot("StatusCake")),
    ("TV", Sign::Tv),
    ("Tablet", Sign::Tablet),
    ("TelegramBot", Sign::Bot("TelegramBot")),
    ("Tizen", Sign::System(1, "Tizen", Device::Mobile)),
    ("Trident", Sign::Browser(OLD, "IE")),
    ("Twitterbot", Sign::Bot("Twitterbot")),
    ("UCBrowser", Sign::Browser(FORK, "UC")),
    ("UptimeRobot", Sign::Bot("UptimeRobot")),
    ("Viera", Sign::Tv),
    ("Vivaldi", Sign::Browser(FORK, "Vivaldi")),
    ("Web0S", Sign::System(0, "webOS", Device::Tv)),
    ("Wget", Sign::Library("Wget")),
    ("Whale", Sign::Browser(FORK, "Whale")),
    ("WhatsApp", Sign::Library("WhatsApp")),
    ("Windows", Sign::System(0, WINDOWS, Device::Desktop)),
    ("Xbox", Sign::Tv),
    ("YaBrowser", Sign::Browser(FORK, "Yandex")),
    ("YandexBot", Sign::Bot("YandexBot")),
    ("ZoominfoBot", Sign::Bot("Zoominfo")),
    ("aiohttp", Sign::Library("Python")),
    ("axios", Sign::Library("axios")),
    ("bingbot", Sign::Bot("Bingbot")),
    ("crawler", Sign::Bot("crawler")),
    ("curl", Sign::Library("curl")),
    ("facebookexternalhit", Sign::Bot("Facebook")),
    ("hpwOS", Sign::Tablet),
    ("http", Sign::Link),
    ("https", Sign::Link),
    ("iPad", Sign::System(1, IPADOS, Device::Tablet)),
    ("iPhone", Sign::System(2, IOS, Device::Mobile)),
    ("iPod", Sign::System(2, IOS, Device::Mobile)),
    ("insomnia", Sign::Library("Insomnia")),
    ("k6", Sign::Library("k6")),
    ("kube", Sign::Library("kube-probe")),
    ("libwww", Sign::Library("Perl")),
    ("meta", Sign::Library("Facebook")),
    ("node", Sign::Library("Node")),
    ("okhttp", Sign::Library("okhttp")),
    ("python", Sign::Library("Python")),
    ("reqwest", Sign::Library("Rust")),
    ("trill", Sign::Browser(IN_APP, "TikTok")),
    ("tvOS", Sign::System(0, "tvOS", Device::Tv)),
    ("undici", Sign::Library("Node")),
    ("webOS", Sign::System(0, "webOS", Device::Tv)),
    ("wv", Sign::Browser(VIEW, WEB_VIEW)),
];

/// Bytes of the longest word in the table.
pub(super) const WORD_BYTES_MAX: usize = 19;

/// For each first byte, where its words begin in the table; they end where those of the next byte begin.
const STARTS: [u8; 257] = {
    assert!(WORDS.len() < 256, "starts are kept in a byte each");
    let mut starts = [0; 257];
    let (mut byte, mut row) = (0, 0);
    while byte < 256 {
        starts[byte] = row as u8;
        while row < WORDS.len() && WORDS[row].0.as_bytes()[0] as usize == byte {
            assert!(WORDS[row].0.len() <= WORD_BYTES_MAX, "a word is longer than WORD_BYTES_MAX");
            row += 1;
        }
        byte += 1;
    }
    assert!(row == WORDS.len(), "words must be in the order of their first bytes");
    starts[256] = row as u8;
    starts
};

/// Returns what `word`, which is not empty, is a sign of. A model or year glued to its end does not matter (`AppleTV11`).
pub(super) fn sign(word: &[u8]) -> Option<Sign> {
    listed(word).or_else(|| {
        let digits = word.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        let bare = &word[..word.len() - digits];
        if digits == 0 || bare.is_empty() { None } else { listed(bare) }
    })
}

fn listed(word: &[u8]) -> Option<Sign> {
    let first = usize::from(word[0]);
    let rows = usize::from(STARTS[first])..usize::from(STARTS[first + 1]);
    WORDS[rows].iter().find(|(known, _)| known.as_bytes() == word).map(|&(_, sign)| sign)
}

/// Returns every name that can come out, for the test of their length.
#[cfg(test)]
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    WORDS.iter().filter_map(|&(_, sign)| match sign {
        Sign::Bot(name)
        | Sign::Library(name)
        | Sign::System(_, name, _)
        | Sign::Browser(_, name)
        | Sign::HandheldBrowser(_, name) => Some(name),
        Sign::App | Sign::Phone | Sign::Tablet | Sign::Tv | Sign::Link => None,
    })
}
