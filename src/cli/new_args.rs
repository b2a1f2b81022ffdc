//! The arguments of `rhaid new`.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
#[command(
    override_usage = "rhaid new <NAME> [--template TEMPLATE]",
    after_help = "\
Examples:
  rhaid new checkout                          a folder with a script, data, rhaid.toml and a README
  rhaid new hooks --template webhook          signed webhooks at a constant rate
  rhaid new night.rhai --template soak        a script alone, and its data file if it has one
  rhaid new --list                            what templates there are

Every template runs as it is against the built-in hotel API: rhaid run journey.rhai --demo. Change the requests to those of your service."
)]
pub struct NewArguments {
    /// The folder to make; a name that ends in `.rhai` makes a script alone.
    #[arg(value_name = "NAME", required_unless_present = "list")]
    pub name: Option<PathBuf>,
    /// What to begin with: api, webhook, reservation, soak or chaos.
    #[arg(short, long, value_name = "TEMPLATE", default_value = crate::template::DEFAULT)]
    pub template: String,
    /// Write only the script, and its data file if it has one.
    #[arg(long)]
    pub file: bool,
    /// Write into a folder that is not empty, and replace files of the same name.
    #[arg(long)]
    pub force: bool,
    /// Say what templates there are.
    #[arg(short, long)]
    pub list: bool,
}
