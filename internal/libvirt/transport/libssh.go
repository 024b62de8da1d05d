package transport

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os/user"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// The transports libssh and libssh2 are an ssh client within the provider, as they are within libvirt's own: they need no
// command ssh, take what they need from the URI, and read no ssh_config.

// sshMethods are the ways to log in, in the order in which they are tried.
var sshMethods = []string{"agent", "privkey", "password", "keyboard-interactive"}

// dialLibssh logs in and starts what passes libvirt's socket on.
func (e Endpoint) dialLibssh(ctx context.Context) (io.ReadWriteCloser, error) {
	name := e.uri.User.Username()
	if name == "" {
		me, err := user.Current()
		if err != nil {
			return nil, fmt.Errorf("the name of the user: %w", err)
		}
		name = me.Username
	}
	address := e.address("22")
	hosts, err := e.knownHosts()
	if err != nil {
		return nil, err
	}
	keys := e.sshKeys(ctx)
	defer keys.close()
	var network net.Dialer
	conn, err := network.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	unwatch := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer unwatch()
	transport, channels, requests, err := ssh.NewClientConn(conn, address, &ssh.ClientConfig{
		User: name, Auth: keys.methods(), HostKeyCallback: hosts.check, HostKeyAlgorithms: hosts.algorithms(address, conn.RemoteAddr()),
	})
	if err != nil {
		_ = conn.Close()
		if hosts.refused != nil {
			return nil, hosts.refused
		}
		return nil, keys.explain(err)
	}
	c, err := e.relayUnlessClosed(ssh.NewClient(transport, channels, requests))
	if err == nil && !unwatch() {
		_ = c.Close()
		err = context.Cause(ctx)
	}
	if err != nil {
		_ = transport.Close()
		return nil, err
	}
	return c, nil
}

// relayUnlessClosed is relay, with an end where the connection ends: x/crypto/ssh waits for ever for the reply to a session
// that it asks for at the very moment at which the host hangs up.
func (e Endpoint) relayUnlessClosed(client *ssh.Client) (*sshConn, error) {
	var c *sshConn
	var err error
	started := make(chan struct{})
	go func() {
		c, err = e.relay(client)
		close(started)
	}()
	closed := make(chan error, 1)
	go func() { closed <- client.Wait() }()
	select {
	case <-started:
		return c, err
	case why := <-closed:
		select {
		case <-started: // its error says more
			return c, err
		case <-time.After(time.Second):
			return nil, fmt.Errorf("the host closed the connection after the login: %w", why)
		}
	}
}

// relay starts the script at the other end.
func (e Endpoint) relay(client *ssh.Client) (*sshConn, error) {
	session, err := client.NewSession()
	if err != nil {
		return nil, err
	}
	c := &sshConn{endpoint: e, client: client, session: session}
	if c.writer, err = session.StdinPipe(); err != nil {
		return nil, err
	}
	if c.reader, err = session.StdoutPipe(); err != nil {
		return nil, err
	}
	session.Stderr = &c.stderr
	return c, session.Start("sh -c " + problem.Quote(e.remoteScript()))
}

// sshConn is a connection through a command that runs at the other end.
type sshConn struct {
	endpoint Endpoint
	client   *ssh.Client
	session  *ssh.Session
	reader   io.Reader
	writer   io.WriteCloser
	stderr   tail
}

// Read fails with what the command wrote to its standard error where it ended by itself.
func (c *sshConn) Read(p []byte) (int, error) {
	n, err := c.reader.Read(p)
	if n > 0 || !errors.Is(err, io.EOF) {
		return n, err
	}
	var status *ssh.ExitError
	if err := c.session.Wait(); errors.As(err, &status) {
		words := c.stderr.String()
		return 0, c.endpoint.explainRemote(cmp.Or(words, status.Error()))
	}
	return 0, err
}

func (c *sshConn) Write(p []byte) (int, error) { return c.writer.Write(p) }

// Close ends the whole ssh connection.
func (c *sshConn) Close() error {
	_ = c.client.Close()
	return nil
}

// explain tells why the login failed. The errors of x/crypto/ssh have no types.
func (k *sshKeys) explain(err error) error {
	if !strings.Contains(err.Error(), "unable to authenticate") {
		return err
	}
	r := refusedKey
	if len(k.methods()) == 0 {
		r.Why = "There is no key to log in with."
		r.Do = "Name a key without a passphrase with ?keyfile=PATH in the uri, or put one into the agent. " + r.Do
	}
	r.Raw = errors.Join(append([]error{err}, k.unusable...)...).Error()
	return &r
}
