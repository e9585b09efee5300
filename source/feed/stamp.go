package feed

import "time"

// stamp dates what the API gives no date, in epoch seconds: not before now,
// and after the last date of what it has to replace at a destination, which
// keeps the row with the greatest cursor. The server's clock may have gone
// back since, or have lain in the future then, and where no answer carries a
// date, now is zero; our own clock is worth less than all of these.
func stamp(now time.Time, last int64) int64 { return min(max(now.Unix(), last+1), lastSecond) }
