//! The guide is tested like code: every example is checked or run, every command line parses, every table is that of
//! the program, every link leads somewhere.
//!
//! | file | what it gives |
//! |---|---|
//! | `pages` | the pages of the guide, their fenced blocks and their links |
//! | `examples` | every script in the guide, checked and run by the real binary |
//! | `commands` | every `rhaid` command line in the guide, every flag in `cli.md`, the targets of the Makefile |
//! | `tables` | options, exit codes and metrics against the program's own tables |
//! | `generated` | the files that `make reference` writes |
//! | `editors` | the extension for VS Code that the guide speaks of |
//! | `links` | links from page to page and to files |

mod commands;
mod editors;
mod examples;
mod generated;
mod links;
mod pages;
mod tables;
