//! Makes a project: a folder with `config.yaml`, schemas and sample events.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::tree::examples;
use super::{Session, session};
use crate::printer::paint::{ACCENT, GOOD};
use crate::printer::{CommandError, ExitStatus, Field, Form, Kind, OutputArgs, Printer, Shape, painted};

mod sample;
mod template;

use template::Template;

pub(super) const SHAPES: &[&Shape] = &[&SHAPE];

const SHAPE: Shape = Shape {
    name: "streamflow.init/1",
    form: Form::Listing,
    fields: &[Field::new("path", Kind::Text, "file that was written")],
};

/// Make a project: settings, schemas and sample events
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("streamflow init shop --template web", "streamflow init --template empty"))]
pub(super) struct InitArgs {
    /// Folder to make it in
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// What the project begins with: web, api, iot or empty
    // Elsewhere --template prints rows through a text; one name cannot have two types.
    #[arg(id = "template", long, value_name = "KIND", default_value = "web", value_parser = Template::parser())]
    template: String,
}

pub(super) fn run(args: InitArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    let dir = session.current_dir()?.join(&args.dir);
    let template = Template::named(&args.template);
    let files = template.files(session.now());
    refuse_to_overwrite(&dir, &files)?;
    for (name, content) in &files {
        write(&dir.join(name), content).map_err(|error| unwritable(&dir.join(name), &error))?;
    }
    let paths = files.iter().map(|(name, _)| session::shortened(&dir.join(name)));
    let printer = Printer::new(OutputArgs { template: None, ..session.global().printing.clone() });
    if !printer.wants_words() {
        printer.listing(&SHAPE.listing(paths.map(|path| vec![json!(path)]).collect()))?;
        return Ok(ExitStatus::Ok);
    }
    for path in paths {
        printer.line(format_args!("{} {path}", painted(GOOD, "wrote")))?;
    }
    printer.talk(next_steps(&args.dir, template));
    Ok(ExitStatus::Ok)
}

fn next_steps(dir: &Path, template: Template) -> String {
    let enter = if dir == Path::new(".") { String::new() } else { format!("cd {} && ", dir.display()) };
    let mut steps = vec![format!("{enter}streamflow start")];
    match template.has_samples() {
        true => steps.push("streamflow send -f events/sample.ndjson      # in another terminal".to_owned()),
        false => steps.push("streamflow send web.click -d page=/          # in another terminal".to_owned()),
    }
    steps.push("streamflow top".to_owned());
    let steps: Vec<String> = steps.iter().map(|step| format!("  {}", painted(ACCENT, step))).collect();
    format!("\nnext:\n{}", steps.join("\n"))
}

fn refuse_to_overwrite(dir: &Path, files: &[(&str, Vec<u8>)]) -> Result<(), CommandError> {
    let there: Vec<&str> = files.iter().map(|(name, _)| *name).filter(|name| dir.join(name).exists()).collect();
    if there.is_empty() {
        return Ok(());
    }
    let message = format!("{} has {} already", session::shortened_or_dot(dir), there.join(", "));
    Err(CommandError::usage(message).with_hint("nothing was written; choose another folder, or move those files away"))
}

fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    // Not even a file that came to be since the check is overwritten.
    let mut file = fs::OpenOptions::new().write(true).create_new(true).open(path)?;
    io::Write::write_all(&mut file, content)
}

fn unwritable(path: &Path, error: &io::Error) -> CommandError {
    CommandError::usage(format!("cannot write {}: {error}", session::shortened(path)))
        .with_hint("check that you may write to the folder")
}

#[cfg(test)]
mod tests;
