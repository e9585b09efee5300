//go:build clients && unix

package integration_tests_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	accounts "os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// postgres is a database server of a test, in a folder of its own, which only
// listens to a socket in that folder.
type postgres struct{ folder string }

// startPostgres serves an empty database until the test ends.
func startPostgres(t *testing.T) *postgres {
	t.Helper()
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		t.Skip("there is no PostgreSQL here: install Debian's package postgresql")
	}
	bin := filepath.Dir(slices.Max(found))
	// The server refuses to run as root, whose temporary folder nobody else may enter.
	folder, err := os.MkdirTemp("", "qualtrics-postgres-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(folder); err != nil {
			t.Error(err)
		}
	})
	who := unprivileged(t)
	if who != nil {
		if err := os.Chown(folder, int(who.Uid), int(who.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	prepare := func(name string, args ...string) (*exec.Cmd, *bytes.Buffer) {
		var said bytes.Buffer
		command := exec.Command(filepath.Join(bin, name), args...)
		command.Dir, command.Env = folder, []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
		command.Stdout, command.Stderr = &said, &said
		command.SysProcAttr = &syscall.SysProcAttr{Credential: who}
		return command, &said
	}
	data := filepath.Join(folder, "data")
	create, said := prepare("initdb", "--pgdata", data, "--auth", "trust", "--username", "qualtrics", "--encoding", "UTF8", "--locale", "C", "--no-sync")
	if err := create.Run(); err != nil {
		t.Skipf("a PostgreSQL database cannot be made here: %v: %s", err, lastLines(said.Bytes(), 5))
	}
	server, said := prepare("postgres", "-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off", "-c", "autovacuum=off")
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, server, syscall.SIGINT) })
	for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		ready, answer := prepare("pg_isready", "--host", folder, "--username", "qualtrics", "--dbname", "postgres")
		if ready.Run() == nil {
			return &postgres{folder}
		}
		if time.Since(began) > time.Minute {
			stop(t, server, syscall.SIGKILL)
			t.Fatalf("PostgreSQL does not start: %s%s", answer, said)
		}
	}
}

// unprivileged is whom the server runs as when the test runs as root; nil is
// the user of the test.
func unprivileged(t *testing.T) *syscall.Credential {
	t.Helper()
	if os.Geteuid() != 0 {
		return nil
	}
	who, err := accounts.Lookup("postgres")
	if err != nil {
		who, err = accounts.Lookup("nobody")
	}
	if err != nil {
		t.Skipf("there is no user to run PostgreSQL as: %v", err)
	}
	uid, err := strconv.Atoi(who.Uid)
	gid, err2 := strconv.Atoi(who.Gid)
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

// address is how a driver finds the tables of a schema.
func (p *postgres) address(schema string) string {
	return "host=" + p.folder + " user=qualtrics dbname=postgres options='-c search_path=" + schema + "'"
}
