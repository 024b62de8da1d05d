package transport_test

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/crypto/ssh/knownhosts"
	"golang.org/x/sys/unix"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt/transport"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// sshOperator is somebody with a home folder, a key in it that the server accepts, and the server in known_hosts.
type sshOperator struct {
	server     *testbed.SSHServer
	home       string
	knownHosts string
	command    string
}

func newKey(t *testing.T) crypto.Signer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	expect.NoError(t, err)
	return key
}

// newSSHOperator starts a server for kvm1 and sets HOME for this test.
func newSSHOperator(t *testing.T, settings ...string) *sshOperator {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	o := &sshOperator{server: expect.Value(kvm1(t).ServeSSH(ctx, settings...))(t), home: t.TempDir()}
	t.Cleanup(func() { expect.NoError(t, o.server.Close()) })
	t.Setenv("HOME", o.home)
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(o.home, ".config"))
	t.Setenv("SSH_AUTH_SOCK", "")
	expect.NoError(t, o.server.Admit(o.home, "kvm1"))
	o.knownHosts = filepath.Join(o.home, ".ssh", "known_hosts")
	o.command = filepath.Join(o.home, "bin", "ssh")
	return o
}

func (o *sshOperator) know(t *testing.T, lines ...string) {
	t.Helper()
	expect.NoError(t, os.WriteFile(o.knownHosts, []byte(strings.Join(lines, "")), 0o600))
}

// commands are the processes that run with the operator's configuration.
func (o *sshOperator) commands(t *testing.T) []int {
	t.Helper()
	var found []int
	for _, path := range expect.Value(filepath.Glob("/proc/[0-9]*/cmdline"))(t) {
		// A process that has ended meanwhile has no command line.
		if content, err := os.ReadFile(path); err == nil && strings.Contains(string(content), filepath.Join(o.home, ".ssh", "config")) {
			found = append(found, expect.Value(strconv.Atoi(filepath.Base(filepath.Dir(path))))(t))
		}
	}
	return found
}

func escaped(word string) string { return transport.Escaped(word) }

func (o *sshOperator) uri(transport, query string) string {
	if transport == "ssh" {
		query += "&command=" + escaped(o.command)
	}
	return fmt.Sprintf("qemu+%s://%s@127.0.0.1:%d/session?%s", transport, o.server.User, o.server.Port, strings.TrimPrefix(query, "&"))
}

// Both ssh clients, by every way to the socket, and with every kind of key that people have.
func TestAccSSHConnects(t *testing.T) {
	o := newSSHOperator(t, "AllowStreamLocalForwarding no")
	socket := "socket=" + kvm1(t).Socket
	rsaKey := expect.Value(rsa.GenerateKey(rand.Reader, 2048))(t)
	rsaFile := filepath.Join(o.home, "rsa")
	expect.NoError(t, testbed.WriteSSHKey(rsaFile, rsaKey, ""))
	for _, transport := range []string{"ssh", "libssh", "libssh2"} {
		for name, query := range map[string]string{"socket": socket, "netcat": "proxy=netcat", "helper": "proxy=native", "either": ""} {
			t.Run(transport+" "+name, func(t *testing.T) {
				if _, err := exec.LookPath("virt-ssh-helper"); err != nil && name == "helper" {
					t.Skip("this machine has no virt-ssh-helper")
				}
				expect.NoError(t, connects(t, o.uri(transport, query)))
			})
		}
	}
	t.Run("hashed known_hosts, only one of the keys in it", func(t *testing.T) {
		for _, line := range o.server.KnownHosts {
			fields := strings.Fields(line)
			o.know(t, knownhosts.HashHostname(fields[0])+" "+strings.Join(fields[1:], " ")+"\n")
			expect.NoError(t, connects(t, o.uri("ssh", socket)))
			expect.NoError(t, connects(t, o.uri("libssh", socket)))
		}
	})
	o.know(t, o.server.KnownHosts...)
	t.Run("alias of ssh_config", func(t *testing.T) {
		expect.NoError(t, connects(t, "qemu+ssh://kvm1/session?"+socket+"&command="+escaped(o.command)))
	})
	t.Run("keyfile", func(t *testing.T) {
		expect.NoError(t, o.server.Authorize(rsaKey.Public()))
		expect.NoError(t, connects(t, o.uri("ssh", socket+"&keyfile="+rsaFile)))
		expect.NoError(t, connects(t, o.uri("libssh", socket+"&keyfile="+rsaFile)))
	})
	t.Run("second of several keys", func(t *testing.T) {
		expect.NoError(t, os.Rename(rsaFile, filepath.Join(o.home, ".ssh", "id_rsa")))
		expect.NoError(t, connects(t, o.uri("libssh", socket)))
	})
	t.Run("agent", func(t *testing.T) {
		key := newKey(t)
		expect.NoError(t, o.server.Authorize(key.Public()))
		t.Setenv("SSH_AUTH_SOCK", serveAgent(t, key))
		expect.NoError(t, connects(t, o.uri("ssh", socket)))
		expect.NoError(t, connects(t, o.uri("libssh", socket)))
		expect.NoError(t, connects(t, o.uri("libssh", socket+"&sshauth=agent")))
		expect.Problem(t, connects(t, o.uri("libssh", socket+"&sshauth=privkey")), problem.Denied, "none of the keys")
	})
}

// serveAgent is an ssh agent with one key; it returns its socket.
func serveAgent(t *testing.T, key crypto.Signer) string {
	t.Helper()
	keyring := agent.NewKeyring()
	expect.NoError(t, keyring.Add(agent.AddedKey{PrivateKey: key}))
	listener := expect.Value(net.Listen("unix", filepath.Join(t.TempDir(), "agent")))(t)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() { _ = agent.ServeAgent(keyring, conn) }()
		}
	}()
	return listener.Addr().String()
}

// What goes wrong at night is told in words that lead on.
func TestAccSSHFailures(t *testing.T) {
	o := newSSHOperator(t)
	socket := "socket=" + kvm1(t).Socket
	keyFile := filepath.Join(o.home, ".ssh", "id_ed25519")
	other := newKey(t)
	otherLine := func(t *testing.T) string {
		return fmt.Sprintf("[127.0.0.1]:%d %s", o.server.Port, ssh.MarshalAuthorizedKey(expect.Value(ssh.NewPublicKey(other.Public()))(t)))
	}
	for name, tc := range map[string]struct {
		spoil func(t *testing.T)
		mend  func(t *testing.T)
		query string
		kind  problem.Kind
		words []string
	}{
		"unknown host": {
			spoil: func(t *testing.T) { o.know(t) }, mend: func(t *testing.T) { o.know(t, o.server.KnownHosts...) },
			query: socket, kind: problem.Unreachable, words: []string{"isn't in known_hosts", "fingerprint"},
		},
		"another host key": {
			spoil: func(t *testing.T) { o.know(t, otherLine(t)) }, mend: func(t *testing.T) { o.know(t, o.server.KnownHosts...) },
			query: socket, kind: problem.Unreachable, words: []string{
				"another ssh host key", fmt.Sprintf("ssh-keygen -R '[127.0.0.1]:%d'", o.server.Port),
			},
		},
		"key refused": {
			spoil: func(t *testing.T) { expect.NoError(t, o.server.Authorize(other.Public())) },
			query: socket, kind: problem.Denied, words: []string{"none of the keys", "authorized_keys", "SSH_AUTH_SOCK"},
		},
		"key with a passphrase": {
			spoil: func(t *testing.T) {
				expect.NoError(t, testbed.WriteSSHKey(keyFile, other, "geheim"))
				expect.NoError(t, o.server.Authorize(other.Public()))
			},
			query: socket, kind: problem.Denied, words: []string{"passphrase", "agent", "SSH_AUTH_SOCK"},
		},
		"no daemon on the socket": {
			query: "socket=/nowhere/libvirt-sock", kind: problem.Unreachable,
			words: []string{"ssh connection is fine", "no daemon listens", "No such file"},
		},
		"no permission on the socket": {
			query: "socket=" + listenUnix(t, filepath.Join(t.TempDir(), "roots-sock")), kind: problem.Denied,
			words: []string{"ssh connection is fine", "group libvirt"},
		},
		"no command for the socket": {
			query: socket + "&netcat=/nowhere/nc", kind: problem.Unsupported, words: []string{"ssh connection is fine", "netcat-openbsd"},
		},
		"no such key file": {
			query: socket + "&keyfile=/nowhere/key", kind: problem.Denied, words: []string{"/nowhere/key", "authorized_keys"},
			spoil: func(t *testing.T) { expect.NoError(t, os.Rename(keyFile, keyFile+".away")) },
			mend:  func(t *testing.T) { expect.NoError(t, os.Rename(keyFile+".away", keyFile)) },
		},
	} {
		for _, transport := range []string{"ssh", "libssh"} {
			t.Run(transport+" "+name, func(t *testing.T) {
				key := newKey(t)
				expect.NoError(t, testbed.WriteSSHKey(keyFile, key, ""))
				expect.NoError(t, o.server.Authorize(key.Public()))
				if tc.spoil != nil {
					tc.spoil(t)
				}
				if tc.mend != nil {
					defer tc.mend(t)
				}
				err := connects(t, o.uri(transport, tc.query))
				expect.Problem(t, err, tc.kind, append(tc.words, `hypervisor "kvm1"`)...)
				if transport == "libssh" && name == "key with a passphrase" {
					expect.Problem(t, err, tc.kind, "There is no key to log in with", keyFile+": it has a passphrase")
				}
			})
		}
	}
	t.Run("verification switched off", func(t *testing.T) {
		key := newKey(t)
		expect.NoError(t, testbed.WriteSSHKey(keyFile, key, ""))
		expect.NoError(t, o.server.Authorize(key.Public()))
		o.know(t)
		expect.NoError(t, connects(t, o.uri("ssh", socket+"&no_verify=1")))
		o.know(t)
		expect.NoError(t, connects(t, o.uri("libssh", socket+"&known_hosts_verify=ignore")))
		learnt := filepath.Join(o.home, "learnt", "known_hosts")
		expect.Problem(t, connects(t, o.uri("libssh", socket+"&known_hosts="+learnt)), problem.Unreachable, learnt, "SHA256:")
		expect.NoError(t, connects(t, o.uri("libssh", socket+"&known_hosts_verify=auto&known_hosts="+learnt)))
		expect.NoError(t, connects(t, o.uri("libssh", socket+"&known_hosts="+learnt)))
	})
	t.Run("no ssh command", func(t *testing.T) {
		err := connects(t, fmt.Sprintf("qemu+ssh://root@127.0.0.1:%d/session?command=/nowhere/ssh", o.server.Port))
		expect.Problem(t, err, problem.Invalid, "openssh-client", "qemu+libssh")
	})
}

// loseInTheMiddle ends the connection while a change waits for its answer: nobody knows then whether it was made.
func loseInTheMiddle(t *testing.T, o *sshOperator, h *libvirt.Host) {
	t.Helper()
	secret := libvirt.Secret{UUID: uuid.NewString(), UsageType: libvirt.UsageCeph, UsageName: t.Name()}
	expect.NoError(t, h.DefineSecret(t.Context(), secret))
	defer func(id string) { expect.NoError(t, h.UndefineSecret(t.Context(), id)) }(secret.UUID)
	// The daemon refuses another secret for the same usage, so that one is not found afterwards, which would answer the question.
	secret.UUID = uuid.NewString()
	var err error
	expect.Eventually(t, "the loss of a call that was sent", func() bool {
		expect.NoError(t, kvm1(t).Pause())
		result := make(chan error, 1)
		go func() { result <- h.DefineSecret(context.Background(), secret) }()
		time.Sleep(50 * time.Millisecond)
		expect.NoError(t, o.server.KillSessions())
		expect.NoError(t, kvm1(t).Resume())
		err = expect.Return(t, func() error { return <-result })
		return problem.Unanswered(err) // where the loss came before the call, it was made on the next connection
	})
	expect.Problem(t, err, problem.Unreachable, "The connection was lost", "isn't known whether it took effect")
}

// An sshd that is down, that hangs, and that dies under a connection; and no process of ours is left.
func TestAccSSHLoss(t *testing.T) {
	for _, transport := range []string{"ssh", "libssh"} {
		t.Run(transport, func(t *testing.T) {
			o := newSSHOperator(t)
			uri := o.uri(transport, "socket="+kvm1(t).Socket)
			h := host(t, libvirt.Config{URI: uri})
			ask := func() error { _, err := h.Domains(context.Background()); return err }
			expect.NoError(t, expect.Return(t, ask))
			for _, pid := range o.commands(t) {
				if session, err := unix.Getsid(pid); err != nil || session == expect.Value(unix.Getsid(0))(t) {
					t.Errorf("Ctrl-C on the terminal would reach ssh: %v", err)
				}
			}
			for range 3 {
				expect.NoError(t, o.server.KillSessions())
				expect.NoError(t, expect.Return(t, ask))
			}
			loseInTheMiddle(t, o, h)
			h.Close()
			expect.Eventually(t, "the end of the session", func() bool { return o.server.Sessions() == 0 })

			o.server.Pause()
			h = host(t, libvirt.Config{URI: uri, ConnectTimeout: 2 * time.Second})
			expect.Problem(t, expect.Return(t, ask), problem.Unreachable, "kvm1", strconv.Itoa(o.server.Port))
			slow := host(t, libvirt.Config{URI: uri, ConnectTimeout: 10 * expect.Timeout})
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(100*time.Millisecond, cancel)
			expect.Problem(t, expect.Return(t, func() error { _, err := slow.Domains(ctx); return err }), problem.Unreachable, "cancelled")
			expect.Eventually(t, "the end of an ssh that nobody waits for any more", func() bool { return len(o.commands(t)) == 0 })
			o.server.Resume()
			expect.NoError(t, expect.Return(t, func() error { _, err := slow.Domains(t.Context()); return err }))

			expect.NoError(t, o.server.Close())
			err := expect.Return(t, func() error { _, err := slow.Domains(context.Background()); return err })
			expect.Problem(t, err, problem.Unreachable, "kvm1", "refused")
		})
	}
}

// Names that a shell could take for commands, through a real sshd and the shell behind it to a real daemon: they are one word there, also
// where one of them is the path of the daemon's socket.
func TestAccHostileWordsOverSSH(t *testing.T) {
	o := newSSHOperator(t)
	folder := expect.Value(os.MkdirTemp("", "h"))(t) //nolint:usetesting // the path of a socket can't be long
	t.Cleanup(func() { expect.NoError(t, os.RemoveAll(folder)) })
	marker := filepath.Join(folder, "m")
	words := []string{
		"';touch " + marker + ";'$(touch " + marker + ")", "`touch " + marker + `";touch ` + marker + ";\"`%n&amp;]]>\u202e",
	}
	for _, word := range words {
		socket := filepath.Join(folder, "a") + word
		expect.NoError(t, os.MkdirAll(filepath.Dir(socket), 0o755))
		expect.NoError(t, os.Chmod(folder, 0o755))
		expect.NoError(t, os.Symlink(kvm1(t).Socket, socket))
		for _, transport := range []string{"ssh", "libssh"} {
			expect.NoError(t, connects(t, o.uri(transport, "socket="+escaped(socket))))
		}
	}
	all := strings.Join(words, "")
	for _, transport := range []string{"ssh", "libssh"} {
		for _, query := range []string{
			"proxy=native&name=" + escaped(all), "netcat=" + escaped(all), "keyfile=" + escaped(all) + "&sshauth=privkey",
		} {
			uri := o.uri(transport, query)
			if err := connects(t, uri); err == nil && !strings.Contains(query, "keyfile") {
				t.Errorf("%s connects", uri)
			}
		}
	}
	for _, word := range transport.HostileWords {
		uri := strings.Replace(o.uri("ssh", ""), "127.0.0.1", url.PathEscape(strings.ReplaceAll(word, "MARKER", marker)), 1)
		if _, err := transport.Parse(uri); err == nil && connects(t, uri) == nil {
			t.Errorf("%s is a host", word)
		}
	}
	if _, err := os.Stat(marker); err == nil {
		t.Error("a command was run")
	}
}
