package wire

import "log/slog"

// Level rounds a level down to one of the four that protocols have names for.
func Level(level slog.Level) slog.Level {
	for _, named := range []slog.Level{slog.LevelError, slog.LevelWarn, slog.LevelInfo} {
		if level >= named {
			return named
		}
	}
	return slog.LevelDebug
}
