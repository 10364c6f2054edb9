//! User agents as browsers, apps, bots and libraries really send them, and what each one is.

use proptest::prelude::*;

use super::Device::{Bot, Desktop, Mobile, Tablet, Tv, Unknown};
use super::{Device, UserAgent, parse, words};

#[track_caller]
fn check(rows: &[(&str, Device, &str, &str)]) {
    for &(text, device, os, browser) in rows {
        let found = parse(text);
        let found = (found.device, found.os.unwrap_or(""), found.browser.unwrap_or(""));
        assert_eq!(found, (device, os, browser), "for {text}");
    }
}

#[test]
#[rustfmt::skip]
fn desktop_browsers() {
    check(&[
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36", Desktop, "Windows", "Chrome"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36", Desktop, "macOS", "Chrome"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36", Desktop, "Linux", "Chrome"),
        ("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36", Desktop, "ChromeOS", "Chrome"),
        ("Mozilla/5.0 (X11; Ubuntu; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Ubuntu Chromium/80.0.3987.87 Chrome/80.0.3987.87 Safari/537.36", Desktop, "Linux", "Chromium"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15", Desktop, "macOS", "Safari"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0", Desktop, "Windows", "Firefox"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:127.0) Gecko/20100101 Firefox/127.0", Desktop, "macOS", "Firefox"),
        ("Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0", Desktop, "Linux", "Firefox"),
        ("Mozilla/5.0 (X11; FreeBSD amd64; rv:109.0) Gecko/20100101 Firefox/115.0", Desktop, "FreeBSD", "Firefox"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0", Desktop, "Windows", "Edge"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/64.0.3282.140 Safari/537.36 Edge/18.17763", Desktop, "Windows", "Edge"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36 OPR/111.0.0.0", Desktop, "Windows", "Opera"),
        ("Opera/9.80 (Windows NT 6.1; WOW64) Presto/2.12.388 Version/12.18", Desktop, "Windows", "Opera"),
        ("Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; en) Opera 8.54", Desktop, "Windows", "Opera"),
        ("Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko", Desktop, "Windows", "IE"),
        ("Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0; SLCC2; .NET CLR 2.0.50727; Media Center PC 6.0; Tablet PC 2.0)", Desktop, "Windows", "IE"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36 Vivaldi/6.7.3329.31", Desktop, "Windows", "Vivaldi"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 YaBrowser/24.6.0.0 Safari/537.36", Desktop, "Windows", "Yandex"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Brave Chrome/89.0.4389.72 Safari/537.36", Desktop, "Linux", "Brave"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/118.0.0.0 Whale/3.23.214.10 Safari/537.36", Desktop, "Windows", "Whale"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.0 Safari/605.1.15 Epiphany/605.1.15", Desktop, "Linux", "Epiphany"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15 Ddg/17.4", Desktop, "macOS", "DuckDuckGo"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Code/1.90.0 Chrome/122.0.6261.156 Electron/29.4.0 Safari/537.36", Desktop, "macOS", "Electron"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)", Desktop, "macOS", "WebView"),
    ]);
}

#[test]
#[rustfmt::skip]
fn phones() {
    check(&[
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 15_0 like Mac OS X)", Mobile, "iOS", ""),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1", Mobile, "iOS", "Safari"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1", Mobile, "iOS", "Chrome"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 14_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/127.0 Mobile/15E148 Safari/605.1.15", Mobile, "iOS", "Firefox"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 EdgiOS/125.0.2535.96 Mobile/15E148 Safari/605.1.15", Mobile, "iOS", "Edge"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1 OPT/4.7.0", Mobile, "iOS", "Opera"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) GSA/320.0.6 Mobile/15E148 Safari/604.1", Mobile, "iOS", "Google"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148", Mobile, "iOS", "WebView"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Instagram 333.0.4.32.103 (iPhone13,2; iOS 17_5; en_US)", Mobile, "iOS", "Instagram"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [FBAN/FBIOS;FBAV/468.1.0.33.71;FBBV/604]", Mobile, "iOS", "Facebook"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 16_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.38(0x1800262c) NetType/WIFI Language/zh_CN", Mobile, "iOS", "WeChat"),
        ("Mozilla/5.0 (iPod touch; CPU iPhone OS 12_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/12.0 Mobile/15E148 Safari/604.1", Mobile, "iOS", "Safari"),
        ("Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36", Mobile, "Android", "Chrome"),
        ("Mozilla/5.0 (Linux; Android 13; SM-S908B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36", Mobile, "Android", "Samsung"),
        ("Mozilla/5.0 (Android 14; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0", Mobile, "Android", "Firefox"),
        ("Mozilla/5.0 (Linux; Android 10; HD1913) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.6478.71 Mobile Safari/537.36 EdgA/125.0.2535.72", Mobile, "Android", "Edge"),
        ("Mozilla/5.0 (Linux; Android 10; VOG-L29) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.6478.71 Mobile Safari/537.36 OPR/76.2.4027.73374", Mobile, "Android", "Opera"),
        ("Opera/9.80 (Android; Opera Mini/36.2.2254/191.266; U; en) Presto/2.12.423 Version/12.16", Mobile, "Android", "Opera"),
        ("Opera/9.80 (J2ME/MIDP; Opera Mini/7.1.32052/29.3709; U; en) Presto/2.8.119 Version/11.10", Mobile, "", "Opera"),
        ("Mozilla/5.0 (Linux; U; Android 4.0.3; de-ch; HTC Sensation Build/IML74K) AppleWebKit/534.30 (KHTML, like Gecko) Version/4.0 Mobile Safari/534.30", Mobile, "Android", "Android"),
        ("Mozilla/5.0 (Linux; Android 12; Pixel 6 Build/SD1A.210817.023; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/94.0.4606.71 Mobile Safari/537.36", Mobile, "Android", "WebView"),
        ("Mozilla/5.0 (Linux; Android 13; SM-A536B Build/TP1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/125.0.6422.165 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/467.0.0.48.109;]", Mobile, "Android", "Facebook"),
        ("Mozilla/5.0 (Linux; U; Android 12; zh-CN; M2012K11AC) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/100.0.4896.58 UCBrowser/15.5.2.1202 Mobile Safari/537.36", Mobile, "Android", "UC"),
        ("Mozilla/5.0 (Linux; Android 9; CUBOT P30) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/90.0.4430.82 Mobile Safari/537.36", Mobile, "Android", "Chrome"),
        ("Mozilla/5.0 (Linux; Android 10; HarmonyOS; LIO-AN00; HMSCore 6.4.0.306) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/92.0.4515.105 HuaweiBrowser/12.0.4.303 Mobile Safari/537.36", Mobile, "HarmonyOS", "Huawei"),
        ("Mozilla/5.0 (Linux; Android 13; Pixel 7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile DuckDuckGo/5 Safari/537.36", Mobile, "Android", "DuckDuckGo"),
        ("Dalvik/2.1.0 (Linux; U; Android 9; SM-G960F Build/PPR1.180610.011)", Mobile, "Android", ""),
        ("Instagram 219.0.0.12.117 Android (30/11; 420dpi; 1080x2107; samsung; SM-A505F; a50; exynos9610; en_GB)", Mobile, "Android", "Instagram"),
        ("ShopApp/4.2 (Android 13; Pixel 7) okhttp/4.9.3", Mobile, "Android", ""),
        ("Mozilla/5.0 (Windows Phone 10.0; Android 6.0.1; Microsoft; Lumia 950) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/52.0.2743.116 Mobile Safari/537.36 Edge/15.15063", Mobile, "Windows", "Edge"),
        ("Mozilla/5.0 (Mobile; Windows Phone 8.1; Android 4.0; ARM; Trident/7.0; Touch; rv:11.0; IEMobile/11.0; NOKIA; Lumia 520) like iPhone OS 7_0_3 Mac OS X AppleWebKit/537 (KHTML, like Gecko) Mobile Safari/537", Mobile, "Windows", "IE"),
        ("Mozilla/5.0 (Mobile; LYF/F90M/LYF-F90M-000-02-28-130318; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5", Mobile, "KaiOS", "Firefox"),
        ("Mozilla/5.0 (Linux; Tizen 2.3; SAMSUNG SM-Z130H) AppleWebKit/537.3 (KHTML, like Gecko) SamsungBrowser/1.0 Mobile Safari/537.3", Mobile, "Tizen", "Samsung"),
        ("Mozilla/5.0 (BB10; Touch) AppleWebKit/537.10+ (KHTML, like Gecko) Version/10.0.9.2372 Mobile Safari/537.10+", Mobile, "BlackBerry", "Safari"),
    ]);
}

#[test]
#[rustfmt::skip]
fn tablets() {
    check(&[
        ("Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1", Tablet, "iPadOS", "Safari"),
        ("Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1", Tablet, "iPadOS", "Chrome"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 13_5_2) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/119.0.6045.41 Version/13.0.3 Safari/605.1.15", Tablet, "iPadOS", "Chrome"),
        ("Mozilla/5.0 (Linux; Android 12; SM-X906C) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36", Tablet, "Android", "Chrome"),
        ("Mozilla/5.0 (Linux; Android 11; Lenovo TB-J606F) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0.0.0 Safari/537.36", Tablet, "Android", "Chrome"),
        ("Mozilla/5.0 (Android 13; Tablet; rv:127.0) Gecko/127.0 Firefox/127.0", Tablet, "Android", "Firefox"),
        ("Mozilla/5.0 (Linux; Android 9; KFMAWI) AppleWebKit/537.36 (KHTML, like Gecko) Silk/120.4.1 like Chrome/120.0.6099.230 Safari/537.36", Tablet, "Android", "Silk"),
        ("Mozilla/5.0 (Linux; U; en-us; KFTT Build/IML74K) AppleWebKit/535.19 (KHTML, like Gecko) Silk/2.0 Safari/535.19 Silk-Accelerated=true", Tablet, "Linux", "Silk"),
        ("Mozilla/5.0 (Linux; Android 13; SM-T870) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Safari/537.36", Tablet, "Android", "Samsung"),
    ]);
}

#[test]
#[rustfmt::skip]
fn televisions_and_consoles() {
    check(&[
        ("Mozilla/5.0 (SMART-TV; Linux; Tizen 5.0) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/2.2 Chrome/63.0.3239.84 TV Safari/537.36", Tv, "Tizen", "Samsung"),
        ("Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/94.0.4606.128 Safari/537.36 WebAppManager", Tv, "webOS", "Chrome"),
        ("Mozilla/5.0 (Linux; Android 9; AFTMM Build/PS7633) AppleWebKit/537.36 (KHTML, like Gecko) Silk/98.6.10 like Chrome/98.0.4758.136 Safari/537.36", Tv, "Android", "Silk"),
        ("Mozilla/5.0 (Linux; Android 10; BRAVIA 4K VH2 Build/QTG3) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/88.0.4324.152 Safari/537.36", Tv, "Android", "Chrome"),
        ("Mozilla/5.0 (X11; Linux armv7l) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/90.0.4430.225 Safari/537.36 CrKey/1.56.500000", Tv, "Linux", "Chrome"),
        ("AppleTV11,1/11.1", Tv, "tvOS", ""),
        ("Roku/DVP-9.10 (519.10E04111A)", Tv, "Roku", ""),
        ("HbbTV/1.4.1 (+DRM;Samsung;SmartTV2019:UAU7000;T-KTM2AKUC-1240.5;;) Mozilla/5.0 (Linux) Chrome/63", Tv, "Linux", "Chrome"),
        ("Mozilla/5.0 (PlayStation; PlayStation 5/6.50) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/15.4 Safari/605.1.15", Tv, "PlayStation", "Safari"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; Xbox; Xbox One) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/58.0.3029.110 Safari/537.36 Edge/16.16299", Tv, "Windows", "Edge"),
        ("Mozilla/5.0 (Nintendo Switch; WifiWebAuthApplet) AppleWebKit/609.4 (KHTML, like Gecko) NF/6.0.3.15.4 NintendoBrowser/5.1.0.22474", Tv, "Nintendo", ""),
    ]);
}

#[test]
#[rustfmt::skip]
fn crawlers_monitors_and_previews() {
    check(&[
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", Bot, "", "Googlebot"),
        ("Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.6478.61 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", Bot, "", "Googlebot"),
        ("AdsBot-Google (+http://www.google.com/adsbot.html)", Bot, "", "Googlebot"),
        ("Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/116.0.1938.76 Safari/537.36", Bot, "", "Bingbot"),
        ("Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)", Bot, "", "YandexBot"),
        ("Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)", Bot, "", "Baiduspider"),
        ("DuckDuckBot/1.1; (+http://duckduckgo.com/duckduckbot.html)", Bot, "", "DuckDuckBot"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.1.1 Safari/605.1.15 (Applebot/0.1; +http://www.apple.com/go/applebot)", Bot, "", "Applebot"),
        ("Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)", Bot, "", "Yahoo"),
        ("Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)", Bot, "", "AhrefsBot"),
        ("Mozilla/5.0 (compatible; SemrushBot/7~bl; +http://www.semrush.com/bot.html)", Bot, "", "SemrushBot"),
        ("Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.0; +https://openai.com/gptbot)", Bot, "", "GPTBot"),
        ("Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)", Bot, "", "ClaudeBot"),
        ("CCBot/2.0 (https://commoncrawl.org/faq/)", Bot, "", "CCBot"),
        ("facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", Bot, "", "Facebook"),
        ("Twitterbot/1.0", Bot, "", "Twitterbot"),
        ("LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)", Bot, "", "LinkedInBot"),
        ("Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", Bot, "", "Slackbot"),
        ("Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)", Bot, "", "Discordbot"),
        ("TelegramBot (like TwitterBot)", Bot, "", "TelegramBot"),
        ("WhatsApp/2.23.20.0 A", Bot, "", "WhatsApp"),
        ("Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)", Bot, "", "UptimeRobot"),
        ("Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)", Bot, "", "Pingdom"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/126.0.0.0 Safari/537.36", Bot, "", "Chrome"),
        ("Mozilla/5.0 (compatible; SomeNewBot/1.0)", Bot, "", ""),
        ("Mozilla/5.0 (compatible; Acme Inspector; +https://acme.example/about)", Bot, "", ""),
        ("my-company-crawler/0.1", Bot, "", "crawler"),
    ]);
}

#[test]
#[rustfmt::skip]
fn libraries_and_tools_are_bots() {
    check(&[
        ("curl/8.5.0", Bot, "", "curl"),
        ("Wget/1.21.2 (linux-gnu)", Bot, "", "Wget"),
        ("python-requests/2.32.3", Bot, "", "Python"),
        ("Python-urllib/3.11", Bot, "", "Python"),
        ("Python/3.11 aiohttp/3.9.5", Bot, "", "Python"),
        ("okhttp/4.12.0", Bot, "", "okhttp"),
        ("Go-http-client/1.1", Bot, "", "Go"),
        ("Java/17.0.8", Bot, "", "Java"),
        ("Apache-HttpClient/4.5.14 (Java/17.0.8)", Bot, "", "Java"),
        ("axios/1.7.2", Bot, "", "axios"),
        ("node-fetch/1.0 (+https://github.com/bitinn/node-fetch)", Bot, "", "Node"),
        ("PostmanRuntime/7.39.0", Bot, "", "Postman"),
        ("kube-probe/1.29", Bot, "", "kube-probe"),
        ("Prometheus/2.51.0", Bot, "", "Prometheus"),
        ("Dart/3.4 (dart:io)", Bot, "", "Dart"),
        ("libwww-perl/6.67", Bot, "", "Perl"),
        ("Ruby", Bot, "", "Ruby"),
    ]);
}

#[test]
#[rustfmt::skip]
fn what_says_nothing_is_unknown() {
    check(&[
        ("", Unknown, "", ""),
        ("-", Unknown, "", ""),
        ("Mozilla/5.0", Unknown, "", ""),
        ("MyApp/3 CFNetwork/1485 Darwin/23.1.0", Unknown, "", ""),
        ("\u{fffd}😀 日本語", Unknown, "", ""),
        ("null", Unknown, "", ""),
    ]);
    assert_eq!(parse(""), UserAgent::default());
}

#[test]
fn only_the_first_kilobyte_is_read() {
    let padded = format!("{}Googlebot", " ".repeat(2_000));
    assert_eq!(parse(&padded), UserAgent::default());
}

#[test]
fn every_name_fits_inline() {
    for name in words::names().chain(Device::ALL.map(Device::as_str)) {
        assert!((1..=12).contains(&name.len()), "{name} has {} bytes", name.len());
    }
}

proptest! {
    #[test]
    fn any_text_is_read_without_panic(text in "\\PC{0,300}") {
        let found = parse(&text);
        if found.device == Bot {
            prop_assert_eq!(found.os, None);
        }
    }

    #[test]
    fn words_in_any_order_do_not_panic(picked in proptest::collection::vec(0usize..200, 0..20)) {
        let known: Vec<&str> = words::names().collect();
        let text: Vec<&str> = picked.iter().filter_map(|&i| known.get(i).copied()).collect();
        let found = parse(&text.join("/1 "));
        prop_assert!(found.device != Bot || found.os.is_none());
    }
}
