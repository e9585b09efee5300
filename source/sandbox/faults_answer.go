package sandbox

import (
	"net/http"
	"time"
)

// fail draws a fault for the request and reports whether the fault was the
// answer. Otherwise there is no fault, or the rest of the exchange carries it
// out, such as a broken body or a wrong clock.
func (x *exchange) fail() bool {
	x.fault = x.tenant.faults.call(x.visit, x.tenant.Now(), x.endpoint(), x.struckBy)
	roll := x.fault.roll
	switch x.fault.class {
	case faultRate:
		x.refuse(tooManyRequests(time.Second))
	case faultServer:
		x.failServer(roll)
	case faultOutage:
		x.refuse(&apiError{status: http.StatusServiceUnavailable, message: "Temporary internal server error."})
	case faultReset:
		if roll%3 != 0 {
			return false // the answer breaks while it is sent
		}
		x.abort()
	case faultHTML:
		x.send(http.StatusOK, "text/html; charset=utf-8", []byte(maintenancePage))
	case faultAuth:
		token, _ := bearerToken(x.r)
		x.tenant.tokens.drop(token)
		return false // authenticate refuses the token
	case faultRedirect:
		x.w.Header().Set("Location", "https://login.example.net/sso?continue=api")
		x.send(http.StatusFound, "text/html; charset=utf-8", []byte("<html><body>Moved</body></html>"))
	case faultSlow:
		x.pause(time.Second + time.Duration(roll%4000)*time.Millisecond)
		return false
	default:
		return false
	}
	return true
}

const maintenancePage = "<!DOCTYPE html>\n<html><head><title>Scheduled maintenance</title></head><body><h1>We will be back soon</h1></body></html>\n"

// failServer answers one of the statuses of API §7.3. The code of 500 is
// *recorded*. That gateways answer HTML or an empty body is *documented*.
func (x *exchange) failServer(roll uint64) {
	const html = "text/html"
	switch roll % 6 {
	case 0:
		x.refuse(&apiError{status: http.StatusInternalServerError, code: "SURVEYS_1.2", message: "An error occurred."})
	case 1:
		x.refuse(&apiError{status: http.StatusServiceUnavailable, message: "Temporary internal server error."})
	case 2:
		x.refuse(&apiError{status: http.StatusGatewayTimeout, message: "Gateway timeout."})
	case 3:
		x.send(http.StatusBadGateway, html, []byte("<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body><center><h1>502 Bad Gateway</h1></center></body>\r\n</html>\r\n"))
	case 4:
		x.send(http.StatusServiceUnavailable, html, []byte("<html><body>Service Unavailable</body></html>"))
	default:
		x.send(http.StatusGatewayTimeout, html, nil)
	}
}

// pause waits. It ends the exchange if the client leaves.
func (x *exchange) pause(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-x.r.Context().Done():
		x.abort()
	}
}
