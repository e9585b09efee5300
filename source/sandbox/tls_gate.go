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

// gate is a listener on which clients speak TLS from the start, or first ask
// for a tunnel as they ask a proxy. It dials nobody: every tunnel ends here.
type gate struct {
	net.Listener
	config  *tls.Config
	arrived chan incoming
	ended   chan struct{} // Close was called

	lock   sync.Mutex
	silent map[net.Conn]struct{} // connections that have said nothing yet
	closed bool
}

// incoming is what Accept returns.
type incoming struct {
	connection net.Conn
	err        error
}

// firstByte is how long a client may stay silent.
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

// run accepts connections until the listener is closed; whether another error
// is the end is up to the server.
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

// sort tells TLS from plain HTTP.
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
		_ = connection.Close() // it has said nothing
		return
	}
	var whole net.Conn = &begun{connection, io.MultiReader(bytes.NewReader(first[:]), connection)}
	if first[0] == recordHandshake {
		whole = tls.Server(whole, g.config)
	}
	g.hand(incoming{connection: whole})
}

// listen notes a connection, for Close.
func (g *gate) listen(connection net.Conn) bool {
	g.lock.Lock()
	defer g.lock.Unlock()
	if g.closed {
		_ = connection.Close() // it has said nothing
		return false
	}
	g.silent[connection] = struct{}{}
	return true
}

// hand gives the server something to accept; false means that it is gone.
func (g *gate) hand(a incoming) bool {
	select {
	case g.arrived <- a:
		return true
	case <-g.ended:
		if a.connection != nil {
			_ = a.connection.Close() // nobody is left to answer
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

// begun is a connection of which something was read already.
type begun struct {
	net.Conn
	reader io.Reader
}

func (b *begun) Read(p []byte) (int, error) { return b.reader.Read(p) }

// tunnel answers plain HTTP: a proxy's CONNECT to a host of Qualtrics leads to
// the tenant, everything else nowhere.
func (g *gate) tunnel(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect {
		http.Error(w, "The sandbox speaks HTTPS here. Over plain HTTP it is a proxy to itself, which takes CONNECT only.", http.StatusBadRequest)
		return
	}
	host, port, err := net.SplitHostPort(r.Host)
	if err != nil || port != "443" || !isHost(host, "qualtrics.com") {
		http.Error(w, "The sandbox is a proxy to itself: it leads to port 443 of hosts of qualtrics.com, and those are the tenant.", http.StatusForbidden)
		return
	}
	connection, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, "The connection cannot become a tunnel.", http.StatusInternalServerError)
		return
	}
	if _, err := io.WriteString(connection, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		_ = connection.Close() // the client left
		return
	}
	g.hand(incoming{connection: tls.Server(&begun{connection, buffered.Reader}, g.config)})
}
