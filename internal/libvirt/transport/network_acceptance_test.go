package transport_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// listening lets the hypervisor listen until the end of the test.
func listening(t *testing.T, options testbed.ListenOptions) testbed.Ports {
	t.Helper()
	h := kvm1(t)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	t.Cleanup(func() { expect.NoError(t, h.Unlisten(ctx)) })
	return expect.Value(h.Listen(ctx, options))(t)
}

func TestAccTLS(t *testing.T) {
	kvm1(t)
	ours, theirs := expect.Value(testbed.NewAuthority())(t), expect.Value(testbed.NewAuthority())(t)
	root := filepath.Join(bed.Dir, "pki")
	t.Cleanup(func() { expect.NoError(t, os.RemoveAll(root)) })
	server := filepath.Join(root, "server")
	expect.NoError(t, ours.Trust(server))
	expect.NoError(t, ours.Issue(server, "server", nil))
	ports := listening(t, testbed.ListenOptions{TLSFolder: server})
	uri := func(host, folder, more string) string {
		return fmt.Sprintf("qemu+tls://%s:%d/session?pkipath=%s%s", host, ports.TLS, filepath.Join(root, folder), more)
	}
	client := func(folder string, trusted, issuer *testbed.Authority, change func(*x509.Certificate)) {
		expect.NoError(t, trusted.Trust(filepath.Join(root, folder)))
		if issuer != nil {
			expect.NoError(t, issuer.Issue(filepath.Join(root, folder), "client", change))
		}
	}
	client("good", ours, ours, nil)
	client("wrong-ca", theirs, ours, nil)
	client("stranger", ours, theirs, nil)
	client("nobody", ours, nil, nil)
	client("expired", ours, ours, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
	client("keyless", ours, ours, nil)
	expect.NoError(t, os.Remove(filepath.Join(root, "keyless", "clientkey.pem")))
	client("broken", ours, ours, nil)
	expect.NoError(t, os.WriteFile(filepath.Join(root, "broken", "cacert.pem"), []byte("not PEM"), 0o600))

	client("revoked", ours, ours, nil)
	expect.NoError(t, ours.Revoke(filepath.Join(root, "revoked"), nil))
	client("others-revoked", ours, ours, nil)
	expect.NoError(t, ours.Revoke(filepath.Join(root, "others-revoked"), func(list *x509.RevocationList) {
		list.RevokedCertificateEntries[0].SerialNumber = big.NewInt(77)
	}))
	client("list-outdated", ours, ours, nil)
	expect.NoError(t, ours.Revoke(filepath.Join(root, "list-outdated"), func(list *x509.RevocationList) {
		list.NextUpdate = time.Now().Add(-time.Minute)
	}))
	client("list-broken", ours, ours, nil)
	expect.NoError(t, os.WriteFile(filepath.Join(root, "list-broken", "cacrl.pem"), []byte("not PEM"), 0o600))

	expect.NoError(t, connects(t, uri("127.0.0.1", "good", "")))
	expect.NoError(t, connects(t, uri("127.0.0.1", "others-revoked", "")))
	expect.NoError(t, connects(t, uri("127.0.0.1", "revoked", "&no_verify=1")))
	// virsh, with libvirt's own client, says the same.
	for folder, accepted := range map[string]bool{
		"others-revoked": true, "revoked": false, "list-outdated": false, "list-broken": false,
	} {
		out, err := exec.CommandContext(t.Context(), "virsh", "-c", uri("127.0.0.1", folder, ""), "version").CombinedOutput()
		if (err == nil) != accepted {
			t.Errorf("virsh with %s: %v: %s", folder, err, out)
		}
	}
	expect.NoError(t, connects(t, uri("127.0.0.1", "wrong-ca", "&no_verify=1")))
	for name, tc := range map[string]struct {
		uri   string
		kind  problem.Kind
		words []string
	}{
		"another authority": {uri("127.0.0.1", "wrong-ca", ""), problem.Denied, []string{"not issued by the authority", "pkipath"}},
		"another name": {
			uri("localhost", "good", ""), problem.Denied, []string{"not for localhost, but for 127.0.0.1", "subject alternative name"},
		},
		"no client certificate": {
			uri("127.0.0.1", "nobody", ""), problem.Denied, []string{"wants a client certificate", "clientcert.pem"},
		},
		"certificate of others": {
			uri("127.0.0.1", "stranger", ""), problem.Denied, []string{"did not take the client certificate", "tls_allowed_dn_list"},
		},
		"expired certificate":      {uri("127.0.0.1", "expired", ""), problem.Denied, []string{"it expired on", "Renew"}},
		"certificate without key":  {uri("127.0.0.1", "keyless", ""), problem.Invalid, []string{"clientkey.pem"}},
		"authority that is no PEM": {uri("127.0.0.1", "broken", ""), problem.Invalid, []string{"can't be used", "PEM"}},
		"host's certificate revoked": {
			uri("127.0.0.1", "revoked", ""), problem.Denied, []string{"was revoked on", "cacrl.pem", "new servercert.pem"},
		},
		"revoked by an old list":      {uri("127.0.0.1", "list-outdated", ""), problem.Denied, []string{"was revoked on"}},
		"revocations that are no PEM": {uri("127.0.0.1", "list-broken", ""), problem.Invalid, []string{"cacrl.pem can't be used", "PEM"}},
		"no certificates": {
			uri("127.0.0.1", "nowhere", ""), problem.Invalid, []string{"cacert.pem", filepath.Join(root, "nowhere")},
		},
		"no certificates, unchecked": {uri("127.0.0.1", "nowhere", "&no_verify=1"), problem.Denied, []string{"wants a client certificate"}},
		"a port on which nobody hears": {
			fmt.Sprintf("qemu+tls://127.0.0.1:1/session?pkipath=%s/good", root), problem.Unreachable, []string{"listens for TLS", "refused"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			expect.Problem(t, connects(t, tc.uri), tc.kind, append(tc.words, `hypervisor "kvm1"`)...)
		})
	}
	// libvirtd doesn't start with a certificate that has expired, but a certificate may expire later.
	t.Run("host's certificate expired", func(t *testing.T) {
		address := speaksTLS(t, ours, server, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
		err := connects(t, fmt.Sprintf("qemu+tls://%s/session?pkipath=%s/good", address, root))
		expect.Problem(t, err, problem.Denied, "has expired", "Renew servercert.pem")
	})
	t.Run("only a common name", func(t *testing.T) {
		for name, accepted := range map[string]bool{"localhost": true, "kvm1.example.net": false} {
			address := speaksTLS(t, ours, server, func(c *x509.Certificate) { c.IPAddresses, c.Subject.CommonName = nil, name })
			_, port, err := net.SplitHostPort(address)
			expect.NoError(t, err)
			err = connects(t, fmt.Sprintf("qemu+tls://localhost:%s/session?pkipath=%s/good", port, root))
			if accepted {
				expect.Problem(t, err, problem.Denied, "did not take the client certificate") // and so the host was believed
			} else {
				expect.Problem(t, err, problem.Denied, "not for localhost, but for "+name)
			}
		}
	})
}

// speaksTLS shows one client a server's certificate, and then hangs up. It returns where.
func speaksTLS(t *testing.T, issuer *testbed.Authority, folder string, change func(*x509.Certificate)) string {
	t.Helper()
	expect.NoError(t, issuer.Issue(folder, "server", change))
	pair := expect.Value(tls.LoadX509KeyPair(filepath.Join(folder, "servercert.pem"), filepath.Join(folder, "serverkey.pem")))(t)
	config := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	listener := expect.Value(tls.Listen("tcp", "127.0.0.1:0", config))(t)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		conn, err := listener.Accept()
		if secured, ok := conn.(*tls.Conn); err == nil && ok {
			_ = secured.HandshakeContext(context.Background()) // the client tells how it went
			_ = conn.Close()
		}
	}()
	return listener.Addr().String()
}

func TestAccTCP(t *testing.T) {
	ports := listening(t, testbed.ListenOptions{TCP: true})
	uri := fmt.Sprintf("qemu+tcp://127.0.0.1:%d/session", ports.TCP)
	expect.NoError(t, connects(t, uri))
	h := host(t, libvirt.Config{URI: uri})
	expect.Value(h.Domains(t.Context()))(t)
	expect.NoError(t, kvm1(t).Restart(t.Context()))
	expect.Value(h.Domains(t.Context()))(t)

	// TLS spoken to a daemon that doesn't is no refusal of anything.
	folder := t.TempDir()
	expect.NoError(t, expect.Value(testbed.NewAuthority())(t).Trust(folder))
	err := connects(t, fmt.Sprintf("qemu+tls://127.0.0.1:%d/session?pkipath=%s", ports.TCP, folder))
	expect.Problem(t, err, problem.Unreachable, "listens for TLS")
}
