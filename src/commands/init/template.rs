//! What a new project begins with, by kind of product.

use clap::ValueEnum;
use clap::builder::PossibleValuesParser;

use super::sample;
use crate::generator::Profile;
use crate::settings;

/// Kinds of projects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Template {
    /// A web shop: clicks, page views, logins
    Web,
    /// Services: requests and responses
    Api,
    /// Devices: measurements
    Iot,
    /// Settings alone
    Empty,
}

const GITIGNORE: &str = "data/\n.env\n";

impl Template {
    /// Returns what reads a name on the command line.
    pub(super) fn parser() -> PossibleValuesParser {
        PossibleValuesParser::new(Self::value_variants().iter().filter_map(ValueEnum::to_possible_value))
    }

    /// Returns the template of a name that the parser let through.
    pub(super) fn named(name: &str) -> Self {
        Self::from_str(name, false).expect("the parser knows the same names")
    }

    /// Returns every file with its content.
    pub(super) fn files(self, now: i64) -> Vec<(&'static str, Vec<u8>)> {
        let mut files = vec![("config.yaml", self.config().into_bytes()), (".gitignore", GITIGNORE.into())];
        files.extend(self.schemas().iter().map(|(name, text)| (*name, text.as_bytes().to_vec())));
        if let Some(profile) = self.profile() {
            files.push(("events/sample.ndjson", sample::events(profile, now)));
        }
        files
    }

    /// Returns whether there are sample events.
    pub(super) const fn has_samples(self) -> bool {
        self.profile().is_some()
    }

    const fn profile(self) -> Option<Profile> {
        match self {
            Self::Web => Some(Profile::Web),
            Self::Api => Some(Profile::Api),
            Self::Iot => Some(Profile::Iot),
            Self::Empty => None,
        }
    }

    /// The part that differs is written out; every other setting stands below with its default.
    fn config(self) -> String {
        let head = match self {
            Self::Web => include_str!("templates/web/config.yaml"),
            Self::Api => include_str!("templates/api/config.yaml"),
            Self::Iot => include_str!("templates/iot/config.yaml"),
            Self::Empty => include_str!("templates/empty/config.yaml"),
        };
        format!(
            "{head}\n# Every other setting with its default. Remove the leading # of a section and of its keys.\n{}",
            settings::commented_yaml()
        )
    }

    const fn schemas(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Web => &[
                ("schemas/web.click.json", include_str!("templates/web/web.click.json")),
                ("schemas/web.pageview.json", include_str!("templates/web/web.pageview.json")),
            ],
            Self::Api => &[
                ("schemas/api.request.json", include_str!("templates/api/api.request.json")),
                ("schemas/api.response.json", include_str!("templates/api/api.response.json")),
            ],
            Self::Iot => &[("schemas/metric.json", include_str!("templates/iot/metric.json"))],
            Self::Empty => &[],
        }
    }
}
