package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// The files that libvirt's own client looks for, by the same names.
const (
	caFile         = "cacert.pem"
	revocationFile = "cacrl.pem"
	clientCertFile = "clientcert.pem"
	clientKeyFile  = "clientkey.pem"
)

// pki is the client's certificate and the authorities that it trusts.
type pki struct {
	folders string // where the files were looked for, for texts
	roots   *x509.CertPool
	revoked revocations
	client  *tls.Certificate // nil where there is no certificate: a daemon may do without
	path    string           // the client certificate's file
}

func (e Endpoint) dialTLS(ctx context.Context) (io.ReadWriteCloser, error) {
	noVerify := switchedOn(e.query.Get("no_verify"))
	files, err := loadPKI(e.query.Get("pkipath"), noVerify)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{
		MinVersion: tls.VersionTLS12, ServerName: e.uri.Hostname(),
		InsecureSkipVerify: true, //nolint:gosec // verify does it, unless the operator wrote no_verify=1.
	}
	if !noVerify {
		config.VerifyConnection = func(state tls.ConnectionState) error {
			return files.verify(e.uri.Hostname(), state.PeerCertificates)
		}
	}
	if files.client != nil {
		config.Certificates = []tls.Certificate{*files.client}
	}
	dialer := tls.Dialer{Config: config}
	conn, err := dialer.DialContext(ctx, "tcp", e.address(tlsPort))
	if err != nil {
		return nil, files.explain(e.uri.Hostname(), err)
	}
	// libvirt first sends one byte: 1 where it accepts the client's certificate. With TLS 1.3 a refusal comes only now.
	unwatch := context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Now()) })
	verdict := make([]byte, 1)
	_, err = conn.Read(verdict)
	if !unwatch() || err != nil || verdict[0] != 1 {
		_ = conn.Close()
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, files.refused(err)
	}
	return conn, nil
}

// loadPKI reads the certificates from the one folder given, or from where libvirt looks for them.
func loadPKI(folder string, noVerify bool) (pki, error) {
	folders := []string{folder}
	if folder == "" {
		folders = []string{"/etc/pki/CA", "/etc/pki/libvirt", "/etc/pki/libvirt/private"}
		if own := homePath(".pki", "libvirt"); os.Geteuid() != 0 && own != "" {
			folders = append([]string{own}, folders...)
		}
	}
	found := pki{folders: strings.Join(folders, ", ")}
	authority, path, err := firstFile(folders, caFile)
	if err != nil {
		return pki{}, err
	}
	switch {
	case path != "":
		found.roots = x509.NewCertPool()
		if !found.roots.AppendCertsFromPEM(authority) {
			return pki{}, unusable(path, errors.New("it holds no certificate in PEM form"))
		}
	case !noVerify:
		return pki{}, &Refusal{
			problem.Invalid, fmt.Sprintf("The certificate of the authority that the host is checked with, %s, isn't in %s.", caFile, found.folders),
			"Put it there, or name the folder that holds it with ?pkipath=FOLDER in the uri.", "",
		}
	}
	if found.revoked, err = readRevocations(folders); err != nil && !noVerify {
		return pki{}, err
	}
	certificate, path, err := firstFile(folders, clientCertFile)
	if err != nil || path == "" {
		return found, err
	}
	key, keyPath, err := firstFile(folders, clientKeyFile)
	if err != nil {
		return pki{}, err
	}
	if keyPath == "" {
		return pki{}, &Refusal{
			problem.Invalid, fmt.Sprintf("There is a client certificate, %s, but its key %s isn't in %s, or can't be looked at there.",
				path, clientKeyFile, found.folders),
			"Put it there, readable for the user who runs Terraform.", "",
		}
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return pki{}, unusable(path+" with "+keyPath, err)
	}
	found.client, found.path = &pair, path
	return found, nil
}

// firstFile reads the first of these files that exists; path is empty where none does. As for libvirt, what can't be looked at doesn't
// exist: a folder of the host's own keys may be closed to the user.
func firstFile(folders []string, name string) (content []byte, path string, err error) {
	for _, folder := range folders {
		path = filepath.Join(folder, name)
		if _, err := os.Stat(path); err != nil {
			continue
		}
		if content, err = os.ReadFile(path); err != nil {
			return nil, "", unusable(path, err)
		}
		return content, path, nil
	}
	return nil, "", nil
}

func unusable(path string, err error) error {
	return &Refusal{problem.Invalid, fmt.Sprintf("The file %s can't be used.", path), "Replace it, or correct its permissions.", err.Error()}
}

// verify checks the host's certificate as libvirt's own client does: where it has no subject alternative name, which older
// instructions left out, its common name counts.
func (p pki) verify(host string, shown []*x509.Certificate) error {
	leaf := shown[0]
	options := x509.VerifyOptions{Roots: p.roots, Intermediates: x509.NewCertPool()}
	for _, certificate := range shown[1:] {
		options.Intermediates.AddCert(certificate)
	}
	chains, err := leaf.Verify(options)
	if err == nil {
		err = p.revoked.check(chains)
	}
	if err == nil && (len(leaf.DNSNames)+len(leaf.IPAddresses) > 0 || !strings.EqualFold(leaf.Subject.CommonName, host)) {
		err = leaf.VerifyHostname(host)
	}
	if err != nil {
		return &tls.CertificateVerificationError{UnverifiedCertificates: shown, Err: err}
	}
	return nil
}

// names are what a certificate is for.
func names(c *x509.Certificate) string {
	all := slices.Clone(c.DNSNames)
	for _, address := range c.IPAddresses {
		all = append(all, address.String())
	}
	if len(all) == 0 {
		all = append(all, c.Subject.CommonName)
	}
	return strings.Join(all, ", ")
}

// explain tells what is wrong with the host's certificate, where that is what ended the handshake.
func (p pki) explain(host string, err error) error {
	var verification *tls.CertificateVerificationError
	if !errors.As(err, &verification) {
		var alert tls.AlertError
		if errors.As(err, &alert) || strings.Contains(err.Error(), "remote error: tls:") {
			return p.refused(err)
		}
		return err
	}
	r := &Refusal{problem.Denied, "The host's certificate isn't valid.", "Renew servercert.pem on the host.", verification.Error()}
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var revoked *revokedError
	switch {
	case errors.As(err, &revoked):
		r.Why = fmt.Sprintf("The host's certificate was revoked on %s, as the list %s says.", revoked.on.Format(time.DateOnly), revoked.path)
		r.Do = "Find out why before you trust the host again: whoever has the certificate's key can pretend to be it. Then issue a new" +
			" servercert.pem."
	case errors.As(err, &unknown):
		r.Why = fmt.Sprintf("The host's certificate was not issued by the authority in %s (looked for in %s): it is another host, or the file"+
			" is that "+
			"of another authority.", caFile, p.folders)
		r.Do = "Copy the cacert.pem of the authority that issued the host's servercert.pem, or name its folder with ?pkipath=FOLDER in the uri."
	case errors.As(err, &name):
		r.Why = fmt.Sprintf("The host's certificate is not for %s, but for %s.", host, names(name.Certificate))
		r.Do = "Write a name that the certificate has in the uri, or issue a servercert.pem with this name or IP address as a subject" +
			" alternative name."
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		r.Why = "The host's certificate has expired, or isn't valid yet."
		r.Do = "Renew servercert.pem on the host and restart its libvirt daemon; compare the clocks."
	}
	return r
}

// refused tells why the host did not take the client's certificate, as far as this side can see.
func (p pki) refused(err error) error {
	r := &Refusal{Kind: problem.Denied, Raw: "the host closed the connection after the handshake"}
	switch {
	case p.client == nil:
		r.Why = fmt.Sprintf("The host wants a client certificate, and there is no %s in %s.", clientCertFile, p.folders)
		r.Do = "Put clientcert.pem and clientkey.pem there, or name their folder with ?pkipath=FOLDER in the uri."
	case p.client.Leaf != nil && time.Now().After(p.client.Leaf.NotAfter):
		r.Why = fmt.Sprintf("The host did not take the client certificate %s: it expired on"+
			" %s.", p.path, p.client.Leaf.NotAfter.Format(time.DateOnly))
		r.Do = "Renew it."
	default:
		r.Why = fmt.Sprintf("The host did not take the client certificate %s.", p.path)
		r.Do = "Its issuer has to be the authority in the host's cacert.pem, it has to be valid there (compare the clocks), and where" +
			" tls_allowed_dn_list is set in the host's libvirtd.conf, its name has to be in it. The host's log says which (journalctl -u libvirtd)."
	}
	if err != nil && !errors.Is(err, io.EOF) {
		r.Raw = err.Error()
	}
	return r
}
