package sandbox

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// gate is a listener for TLS connections. Clients speak TLS at once, or after
// HTTP CONNECT as with a proxy. It opens no connections: every tunnel ends
// here.
type gate struct {
	net.Listener
	config  *tls.Config
	arrived chan incoming
	ended   chan struct{} // Close was called

	lock   sync.Mutex
	silent map[net.Conn]struct{} // connections that have sent nothing yet
	closed bool
}

// incoming is a result of Accept.
type incoming struct {
	connection net.Conn
	err        error
}

// firstByte is the longest wait for the first byte of a client.
const firstByte = 10 * time.Second

// recordHandshake is the first byte of a TLS connection (RFC 8446 §5.1).
const recordHandshake = 0x16

func newGate(listener net.Listener, config *tls.Config) *gate {
	g := &gate{
		Listener: listener, config: config, arrived: make(chan incoming), ended: make(chan struct{}),
		silent: make(map[net.Conn]struct{}),
	}
	go g.run()
	return g
}

// run accepts connections until the listener is closed. The server decides
// whether another error is the end.
func (g *gate) run() {
	for {
		connection, err := g.Listener.Accept()
		switch {
		case err == nil:
			go g.sort(connection)
		case !g.hand(incoming{err: err}) || errors.Is(err, net.ErrClosed):
			return
		}
	}
}

// sort distinguishes TLS from plain HTTP.
func (g *gate) sort(connection net.Conn) {
	if !g.listen(connection) {
		return
	}
	var first [1]byte
	err := connection.SetReadDeadline(time.Now().Add(firstByte))
	if err == nil {
		_, err = io.ReadFull(connection, first[:])
	}
	if err == nil {
		err = connection.SetReadDeadline(time.Time{})
	}
	g.lock.Lock()
	delete(g.silent, connection)
	g.lock.Unlock()
	if err != nil {
		_ = connection.Close() // it has sent nothing
		return
	}
	var whole net.Conn = &begun{connection, io.MultiReader(bytes.NewReader(first[:]), connection)}
	if first[0] == recordHandshake {
		whole = tls.Server(whole, g.config)
	}
	g.hand(incoming{connection: whole})
}

// listen stores a connection, so that Close can close it.
func (g *gate) listen(connection net.Conn) bool {
	g.lock.Lock()
	defer g.lock.Unlock()
	if g.closed {
		_ = connection.Close() // it has sent nothing
		return false
	}
	g.silent[connection] = struct{}{}
	return true
}

// hand passes a result to Accept. It returns false if the gate is closed.
func (g *gate) hand(a incoming) bool {
	select {
	case g.arrived <- a:
		return true
	case <-g.ended:
		if a.connection != nil {
			_ = a.connection.Close() // the server has ended
		}
		return false
	}
}

// Accept implements net.Listener.
func (g *gate) Accept() (net.Conn, error) {
	select {
	case a := <-g.arrived:
		return a.connection, a.err
	case <-g.ended:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (g *gate) Close() error {
	g.lock.Lock()
	defer g.lock.Unlock()
	if g.closed {
		return nil
	}
	g.closed = true
	close(g.ended)
	for connection := range g.silent {
		_ = connection.Close() // likewise
	}
	return g.Listener.Close()
}

// begun is a connection whose first bytes were read already.
type begun struct {
	net.Conn
	reader io.Reader
}

func (b *begun) Read(p []byte) (int, error) { return b.reader.Read(p) }

// tunnel answers plain HTTP. CONNECT to a host of Qualtrics opens a tunnel to
// the tenant, and every other request is refused.
func (g *gate) tunnel(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect {
		http.Error(w, "This address needs HTTPS. Over plain HTTP it is a proxy to the sandbox and accepts CONNECT only.", http.StatusBadRequest)
		return
	}
	host, port, err := net.SplitHostPort(r.Host)
	if err != nil || port != "443" || !isHost(host, "qualtrics.com") {
		http.Error(w, "This proxy connects to the sandbox only: use port 443 of a host of qualtrics.com.", http.StatusForbidden)
		return
	}
	connection, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, "The connection cannot become a tunnel.", http.StatusInternalServerError)
		return
	}
	if _, err := io.WriteString(connection, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		_ = connection.Close() // the client has left
		return
	}
	g.hand(incoming{connection: tls.Server(&begun{connection, buffered.Reader}, g.config)})
}
