package libvirt

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

func parsed(t *testing.T, uri string) endpoint {
	t.Helper()
	return must(parseURI(uri))(t)
}

func TestSSHArguments(t *testing.T) {
	for uri, want := range map[string]string{
		"qemu+ssh://kvm1/system":                                   "-- kvm1",
		"qemu+ssh://root@kvm1:2222/system?keyfile=/k":              "-p 2222 -l root -i /k -- kvm1",
		"qemu+ssh://root@[2001:db8::1]:22/system?no_verify=1":      "-p 22 -l root -o StrictHostKeyChecking=no -- 2001:db8::1",
		"qemu+ssh://kvm1/system?no_verify=0&no_tty=1&command=/ssh": "-- kvm1",
	} {
		got := strings.Join(parsed(t, uri).sshArgs(t.Context()), " ")
		if _, rest, _ := strings.Cut(got, "RemoteCommand=none "); rest != want {
			t.Errorf("%s: %s", uri, got)
		}
		if !strings.Contains(got, "BatchMode=yes") {
			t.Errorf("%s: ssh could ask: %s", uri, got)
		}
	}
	if got := parsed(t, "qemu+libssh://[::1]/system").address("22"); got != "[::1]:22" {
		t.Error(got)
	}
	if got := parsed(t, "qemu+ssh://root@kvm1:2222/system?keyfile=/k").sshByHand(); got != "ssh -i /k -p 2222 root@kvm1 true" {
		t.Error(got)
	}
}

func TestSSHGetsNoVariableOfTerraform(t *testing.T) {
	got := sshEnvironment([]string{"HOME=/root", "TF_VAR_admin_key=geheim", "SSH_AUTH_SOCK=/a", "LC_ALL=de_DE.UTF-8"})
	if want := []string{"HOME=/root", "SSH_AUTH_SOCK=/a", "LC_ALL=C"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// The script runs in whatever shell the host's user has; a POSIX shell has to take every form of it.
func TestTheRemoteScriptIsAScript(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("this machine has no sh")
	}
	folder := t.TempDir()
	for _, name := range []string{"virt-ssh-helper", "nc"} {
		text := "#!" + shell + "\necho " + name + " \"$@\"\n"
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	odd := filepath.Join(folder, "it's $HOME; a socket")
	if err := os.WriteFile(odd, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	run := filepath.Join(folder, "libvirt")
	session := "qemu+ssh://kvm1/session?proxy=netcat"
	modular := listenUnix(t, filepath.Join(folder, "modular", "libvirt", "virtqemud-sock"))
	for _, tc := range []struct{ uri, runtime, want string }{
		{"qemu+ssh://kvm1/system", "", "virt-ssh-helper qemu:///system\n"},
		{"qemu+ssh://kvm1/session?proxy=native", "", "virt-ssh-helper qemu:///session\n"},
		{"qemu+ssh://kvm1/system?socket=" + strings.ReplaceAll(odd, " ", "%20"), "", "nc -U " + odd + "\n"},
		{session, folder, "nc -U " + run + "/libvirt-sock\n"},
		{session, filepath.Join(folder, "modular"), "nc -U " + modular + "\n"},
		{"qemu+ssh://kvm1/system?netcat=ncat", "", noRelay + "\n"},
	} {
		e := parsed(t, strings.ReplaceAll(tc.uri, ";", "%3B"))
		command := exec.CommandContext(t.Context(), shell, "-c", "sh -c "+quote(e.remoteScript()))
		command.Env = []string{"PATH=" + folder + ":/usr/bin:/bin", "XDG_RUNTIME_DIR=" + tc.runtime, "HOME=" + folder}
		out, _ := command.CombinedOutput() // where it fails, it says why
		if string(out) != tc.want {
			t.Errorf("%s: %q", tc.uri, out)
		}
		if strings.ContainsAny(e.remoteScript(), "\n!") {
			t.Errorf("not every login shell takes %s", e.remoteScript())
		}
	}
}

func listenUnix(t *testing.T, path string) string {
	t.Helper()
	ok(t, os.MkdirAll(filepath.Dir(path), 0o700))
	listener := must(net.Listen("unix", path))(t)
	t.Cleanup(func() { _ = listener.Close() })
	return path
}

func TestWhatSSHSaysIsExplained(t *testing.T) {
	e := parsed(t, "qemu+ssh://root@kvm1:2222/system")
	for words, want := range map[string]struct {
		kind problem.Kind
		why  string
	}{
		"ssh: Could not resolve hostname kvm1: Name or service not known":                      {problem.Unreachable, "name of the host is not known"},
		"ssh: connect to host kvm1 port 2222: No route to host":                                {problem.Unreachable, "No sshd answers"},
		"Connection timed out during banner exchange":                                          {problem.Unreachable, "No sshd answers"},
		"root@kvm1: Permission denied (publickey).":                                            {problem.Denied, "none of the keys"},
		"Received disconnect from 192.0.2.1 port 22:2: Too many authentication failures":       {problem.Denied, "none of the keys"},
		"No ED25519 host key is known for kvm1 and you have requested strict checking.":        {problem.Unreachable, "isn't in known_hosts"},
		"@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!\nHost key verification failed.": {problem.Unreachable, "another ssh host key"},
		"something new": {problem.Unreachable, "ssh did not connect"},
	} {
		got := e.explainSSH(words, sshFailed)
		if got.kind != want.kind || !strings.Contains(got.why, want.why) || got.raw != words || got.do == "" {
			t.Errorf("%s: %+v", words, got)
		}
	}
	for words, want := range map[string]problem.Kind{
		"virt-ssh-helper: cannot connect to '/var/run/libvirt/libvirt-sock': Failed to connect socket to '/var/run/libvirt/libvirt-sock': Permission denied": problem.Denied,
		"nc: unix connect failed: Permission denied": problem.Denied,
		"virt-ssh-helper: cannot connect to '/var/run/libvirt/libvirt-sock': Failed to connect socket to '/var/run/libvirt/libvirt-sock': No such file or directory": problem.Unreachable,
		"sh: 1: exec: virt-ssh-helper: not found": problem.Unsupported,
		"": problem.Unreachable,
	} {
		if got := e.explainSSH(words, 1); got.kind != want || !strings.Contains(got.why, "ssh connection is fine") {
			t.Errorf("%s: %+v", words, got)
		}
	}
}

func TestTheHomeFolder(t *testing.T) {
	t.Setenv("HOME", "/home/somebody")
	if got := home(".ssh", "id_rsa"); got != "/home/somebody/.ssh/id_rsa" {
		t.Error(got)
	}
	// A service without HOME still has an account.
	t.Setenv("HOME", "")
	if got := home(".ssh"); got == "" || strings.HasPrefix(got, "/home/somebody") {
		t.Errorf("without HOME it is %q", got)
	}
}

// Each transport that dials itself gives up with its context, whatever the other end leaves unsaid.
func TestDiallingObeysItsContext(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("HOME", folder)
	t.Setenv("XDG_CONFIG_HOME", folder)
	t.Setenv("SSH_AUTH_SOCK", "")
	authority := must(testbed.NewAuthority())(t)
	ok(t, authority.Trust(folder))
	ok(t, authority.Issue(folder, "server", nil))
	pair := must(tls.LoadX509KeyPair(filepath.Join(folder, "servercert.pem"), filepath.Join(folder, "serverkey.pem")))(t)
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
			listener := must(net.Listen("tcp", "127.0.0.1:0"))(t)
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
			err := ends(t, func() error {
				_, err := parsed(t, fmt.Sprintf(tc.uri, listener.Addr())).dial(ctx)
				return err
			})
			if err == nil {
				t.Error("there is a connection")
			}
			_ = ends(t, func() error { return <-hungUp }) // its end counts, not how
		})
	}
}

func hostKey(t *testing.T) ssh.Signer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	ok(t, err)
	return must(ssh.NewSignerFromKey(key))(t)
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
		"keyboard-interactive": {KeyboardInteractiveCallback: func(_ ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
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
			listener := must(net.Listen("tcp", "127.0.0.1:0"))(t)
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
			err := ends(t, func() error { _, err := parsed(t, uri).dial(t.Context()); return err })
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
	listener := must(net.Listen("tcp", "127.0.0.1:0"))(t)
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
		if err := ends(t, func() error { _, err := parsed(t, uri).dial(t.Context()); return err }); err == nil {
			t.Fatal("no error")
		}
	}
}
