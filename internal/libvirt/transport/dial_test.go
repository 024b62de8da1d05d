package transport_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt/transport"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

func dial(ctx context.Context, t *testing.T, uri string) error {
	t.Helper()
	endpoint := expect.Value(transport.Parse(uri))(t)
	return expect.Return(t, func() error { _, err := endpoint.Dial(ctx); return err })
}

// Each transport that dials itself gives up with its context, whatever the other end leaves unsaid.
func TestDiallingObeysItsContext(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("HOME", folder)
	t.Setenv("XDG_CONFIG_HOME", folder)
	t.Setenv("SSH_AUTH_SOCK", "")
	authority := expect.Value(testbed.NewAuthority())(t)
	expect.NoError(t, authority.Trust(folder))
	expect.NoError(t, authority.Issue(folder, "server", nil))
	pair := expect.Value(tls.LoadX509KeyPair(filepath.Join(folder, "servercert.pem"), filepath.Join(folder, "serverkey.pem")))(t)
	secured := func(conn net.Conn) {
		_ = tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}).HandshakeContext(t.Context())
	}
	for name, tc := range map[string]struct {
		uri   string
		speak func(net.Conn)
	}{
		"libssh":                  {"qemu+libssh://root@%s/system?known_hosts_verify=ignore", nil},
		"TLS":                     {"qemu+tls://%s/system?pkipath=" + folder, nil},
		"TLS without the verdict": {"qemu+tls://%s/system?pkipath=" + folder, secured},
	} {
		t.Run(name, func(t *testing.T) {
			listener := expect.Value(net.Listen("tcp", "127.0.0.1:0"))(t)
			defer listener.Close()
			ctx, cancel := context.WithCancel(t.Context())
			hungUp := make(chan error, 1)
			go func() {
				conn, err := listener.Accept()
				if err != nil {
					hungUp <- err
					return
				}
				defer conn.Close()
				if tc.speak != nil {
					tc.speak(conn)
				}
				cancel()
				_, err = io.Copy(io.Discard, conn)
				hungUp <- err
			}()
			if err := dial(ctx, t, fmt.Sprintf(tc.uri, listener.Addr())); err == nil {
				t.Error("there is a connection")
			}
			_ = expect.Return(t, func() error { return <-hungUp }) // its end counts, not how
		})
	}
}

func hostKey(t *testing.T) ssh.Signer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	expect.NoError(t, err)
	return expect.Value(ssh.NewSignerFromKey(key))(t)
}

// A server that asks for a password, in either way, gets the one of the URI; sshauth can leave a way out.
func TestLoginWithAPassword(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	t.Setenv("SSH_AUTH_SOCK", "")
	right := func(password string) error {
		if password != "geheim" {
			return errors.New("wrong")
		}
		return nil
	}
	servers := map[string]*ssh.ServerConfig{
		"password": {PasswordCallback: func(_ ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
			return nil, right(string(password))
		}},
		"keyboard-interactive": {KeyboardInteractiveCallback: func(_ ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions,
			error,
		) {
			answers, err := ask("", "", []string{"Password: "}, []bool{false})
			if err != nil || len(answers) != 1 {
				return nil, errors.New("no answer")
			}
			return nil, right(answers[0])
		}},
	}
	for method, config := range servers {
		config.AddHostKey(hostKey(t))
		for query, want := range map[string]bool{"": true, "&sshauth=" + method: true, "&sshauth=agent,privkey": false} {
			listener := expect.Value(net.Listen("tcp", "127.0.0.1:0"))(t)
			loggedIn := make(chan bool, 1)
			go func() {
				defer listener.Close()
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				_, _, _, err = ssh.NewServerConn(conn, config)
				loggedIn <- err == nil
				_ = conn.Close()
			}()
			uri := fmt.Sprintf("qemu+libssh://root:geheim@%s/system?known_hosts_verify=ignore%s", listener.Addr(), query)
			err := dial(t.Context(), t, uri)
			if got := <-loggedIn; got != want || err == nil || strings.Contains(err.Error(), "geheim") {
				t.Errorf("%s with %q: logged in %v, %v", method, query, got, err)
			}
		}
	}
}

// x/crypto/ssh has a moment in which a session that is asked for is never answered: about one login of a thousand hung.
func TestHostThatHangsUpAfterTheLogin(t *testing.T) {
	t.Setenv("SSH_AUTH_SOCK", "")
	config := &ssh.ServerConfig{PasswordCallback: func(ssh.ConnMetadata, []byte) (*ssh.Permissions, error) { return nil, nil }}
	config.AddHostKey(hostKey(t))
	listener := expect.Value(net.Listen("tcp", "127.0.0.1:0"))(t)
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _, _, _ = ssh.NewServerConn(conn, config)
			_ = conn.Close()
		}
	}()
	uri := fmt.Sprintf("qemu+libssh://root:geheim@%s/system?known_hosts_verify=ignore", listener.Addr())
	for range 300 {
		if err := dial(t.Context(), t, uri); err == nil {
			t.Fatal("no error")
		}
	}
}
