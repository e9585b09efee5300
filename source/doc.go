// Package source is the program: its commands and configuration, and the
// engine that runs feeds into sinks, keeps their states and decides how a run
// ended. Everything that it touches outside of itself comes in through
// [Program].
package source
