package testbed

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/crypto/ssh"
)

// SSHServer is an OpenSSH server on loopback for a hypervisor. A login is one of the hypervisor's plain user, with the hypervisor's
// run-time folder as XDG_RUNTIME_DIR, where libvirt looks for the socket of a session daemon. Each connection has an sshd of its own.
type SSHServer struct {
	Port int
	User string
	// KnownHosts is a line for known_hosts for each of the server's keys.
	KnownHosts []string

	dir, folder string // the bed's folder and the server's
	credential  *syscall.Credential
	program     sshProgram
	listener    net.Listener

	mu       sync.Mutex
	paused   bool
	held     []net.Conn
	sessions map[*exec.Cmd]bool
	ended    sync.WaitGroup
}

// ServeSSH starts an SSH server for the hypervisor; settings are further lines of sshd_config. It ends with Close.
//
// Similar to: sshd -f sshd_config.
func (h *Hypervisor) ServeSSH(ctx context.Context, settings ...string) (*SSHServer, error) {
	program, err := unpackSSH(ctx, h.dir)
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp(h.dir, "ssh-")
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address, ok := listener.Addr().(*net.TCPAddr)
	if !ok {
		return nil, errors.Join(fmt.Errorf("unexpected address %s", listener.Addr()), listener.Close())
	}
	s := &SSHServer{
		Port: address.Port, credential: h.daemon.credential, dir: h.dir, folder: folder, program: program, listener: listener,
		sessions: map[*exec.Cmd]bool{},
	}
	if err := s.configure(h, settings); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	s.ended.Add(1)
	go s.serve()
	return s, nil
}

func (s *SSHServer) configure(h *Hypervisor, settings []string) error {
	_, hostKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	text := strings.Join(settings, "\n") + "\n"
	for name, key := range map[string]crypto.Signer{"host_ed25519": hostKey, "host_ecdsa": other} {
		path := filepath.Join(s.folder, name)
		if err := WriteSSHKey(path, key, ""); err != nil {
			return err
		}
		public, err := ssh.NewPublicKey(key.Public())
		if err != nil {
			return err
		}
		s.KnownHosts = append(s.KnownHosts, fmt.Sprintf("[127.0.0.1]:%d %s", s.Port, ssh.MarshalAuthorizedKey(public)))
		text += "HostKey " + path + "\n"
	}
	account, err := user.LookupId(strconv.Itoa(int(s.credential.Uid)))
	if err != nil {
		return err
	}
	s.User = account.Username
	text += s.program.settings + fmt.Sprintf(`AuthorizedKeysFile %s/authorized_keys
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PidFile none
PrintMotd no
SetEnv XDG_RUNTIME_DIR=%s %s=%s
`, s.folder, h.path("run"), bedVariable, h.dir)
	for name, text := range map[string]string{
		"sshd_config": text,
		"passwd":      fmt.Sprintf("%s:x:%d:%d::%s:/bin/sh\n", s.User, s.credential.Uid, s.credential.Gid, s.folder),
		"group":       fmt.Sprintf("%s:x:%d:\n", s.User, s.credential.Gid),
	} {
		if err := os.WriteFile(filepath.Join(s.folder, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return s.own()
}

// own makes the server's user the owner of its files.
func (s *SSHServer) own() error {
	return filepath.WalkDir(s.folder, func(path string, _ fs.DirEntry, err error) error {
		return errors.Join(err, os.Chown(path, int(s.credential.Uid), int(s.credential.Gid)))
	})
}

// Admit lets a user with this home folder log in. It writes to the folder: ~/.ssh with a new key, the only one that the server accepts
// then, known_hosts, and a config in which alias is the server; and a command bin/ssh that reads this config, since ssh itself looks in
// the home folder of the account, not in HOME.
//
// Similar to: ssh-copy-id.
func (s *SSHServer) Admit(home, alias string) error {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	folder := filepath.Join(home, ".ssh")
	config := fmt.Sprintf("Host %s\n  HostName 127.0.0.1\n  Port %d\n  User %s\nHost *\n  IdentityFile %s/id_ed25519\n"+
		"  UserKnownHostsFile %[4]s/known_hosts\n  GlobalKnownHostsFile /dev/null\n  StrictHostKeyChecking yes\n", alias, s.Port, s.User, folder)
	command := "#!/bin/sh\nexec /usr/bin/ssh -F " + filepath.Join(folder, "config") + " \"$@\"\n"
	return errors.Join(
		os.Mkdir(folder, 0o700), os.Mkdir(filepath.Join(home, "bin"), 0o700),
		WriteSSHKey(filepath.Join(folder, "id_ed25519"), key, ""), s.Authorize(key.Public()),
		os.WriteFile(filepath.Join(folder, "known_hosts"), []byte(strings.Join(s.KnownHosts, "")), 0o600),
		os.WriteFile(filepath.Join(folder, "config"), []byte(config), 0o600),
		os.WriteFile(filepath.Join(home, "bin", "ssh"), []byte(command), 0o700),
	)
}

// Authorize lets only the owners of these keys log in.
func (s *SSHServer) Authorize(keys ...crypto.PublicKey) error {
	var text []byte
	for _, key := range keys {
		public, err := ssh.NewPublicKey(key)
		if err != nil {
			return err
		}
		text = append(text, ssh.MarshalAuthorizedKey(public)...)
	}
	return errors.Join(os.WriteFile(filepath.Join(s.folder, "authorized_keys"), text, 0o600), s.own())
}

func (s *SSHServer) serve() {
	defer s.ended.Done()
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		if err := s.begin(conn); err != nil {
			_ = conn.Close()
		}
	}
}

// begin starts an sshd for a connection.
func (s *SSHServer) begin(conn net.Conn) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.paused {
		s.held = append(s.held, conn)
		return nil
	}
	network, ok := conn.(*net.TCPConn)
	if !ok {
		return fmt.Errorf("unexpected connection from %s", conn.RemoteAddr())
	}
	file, err := network.File()
	if err != nil {
		return err
	}
	defer file.Close()
	command := exec.Command(s.program.path, "-i", "-f", filepath.Join(s.folder, "sshd_config"), "-E", filepath.Join(s.folder, "sshd.log"))
	command.Env = append(baseEnvironment(s.dir, s.folder, ""), s.program.environment...)
	command.Env = append(command.Env, "NSS_WRAPPER_PASSWD="+filepath.Join(s.folder, "passwd"), "NSS_WRAPPER_GROUP="+
		filepath.Join(s.folder, "group"))
	command.Stdin, command.Stdout = file, file
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: s.credential}
	if err := command.Start(); err != nil {
		return err
	}
	s.sessions[command] = true
	s.ended.Add(1)
	go func() {
		defer s.ended.Done()
		_ = command.Wait() // the log says more than its status
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.sessions, command)
	}()
	return conn.Close()
}

// Sessions returns the number of connections that have an sshd.
func (s *SSHServer) Sessions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sessions)
}

// Pause accepts new connections without an answer, until Resume closes them.
func (s *SSHServer) Pause() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.paused = true
}

// Resume closes the connections that have waited since Pause, and lets new ones be answered.
func (s *SSHServer) Resume() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.paused = false
	for _, conn := range s.held {
		_ = conn.Close()
	}
	s.held = nil
}

// KillSessions ends all connections as a crash of the host would. Similar to: kill -KILL.
func (s *SSHServer) KillSessions() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for command := range s.sessions {
		// After the login a child of the started process has the connection.
		if err := syscall.Kill(-command.Process.Pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
	}
	return nil
}

// Log returns the end of the server's log.
func (s *SSHServer) Log() string { return logTail(filepath.Join(s.folder, "sshd.log")) }

// Close ends the server and its connections. It may be called again.
func (s *SSHServer) Close() error {
	err := s.listener.Close()
	if errors.Is(err, net.ErrClosed) {
		err = nil
	}
	s.Resume()
	err = errors.Join(err, s.KillSessions())
	s.ended.Wait()
	return err
}
