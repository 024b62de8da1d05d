package testbed

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// issuedSerial is the serial number of all certificates that authorities issue.
var issuedSerial = big.NewInt(2)

// Authority is a certificate authority, whose certificates are valid for an hour.
type Authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// NewAuthority returns an authority with a new key.
//
// Similar to: certtool --generate-self-signed.
func NewAuthority() (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority of a testbed"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	return &Authority{certificate: certificate, key: key}, err
}

// Trust writes the authority's certificate to cacert.pem in a folder, which it creates if there is none.
func (a *Authority) Trust(folder string) error {
	return errors.Join(os.MkdirAll(folder, 0o755), writePEM(filepath.Join(folder, "cacert.pem"), "CERTIFICATE", a.certificate.Raw))
}

// Issue writes a certificate and its key to an existing folder, with libvirt's names for them: clientcert.pem and clientkey.pem, or
// servercert.pem and serverkey.pem, which are for 127.0.0.1. change, where set, can change the certificate before it is signed.
//
// Similar to: certtool --generate-certificate.
func (a *Authority) Issue(folder, role string, change func(*x509.Certificate)) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: issuedSerial, Subject: pkix.Name{CommonName: role},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment, // libvirtd requires both
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if role == "server" {
		template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	}
	if change != nil {
		change(template)
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return errors.Join(
		writePEM(filepath.Join(folder, role+"cert.pem"), "CERTIFICATE", certificate),
		writePEM(filepath.Join(folder, role+"key.pem"), "PRIVATE KEY", private),
	)
}

// Revoke writes a list of revoked certificates to cacrl.pem in an existing folder: it names all that Issue makes, as long as change is nil,
// and is valid for an hour. change, where set, can change the list before it is signed.
//
// Similar to: certtool --generate-crl.
func (a *Authority) Revoke(folder string, change func(*x509.RevocationList)) error {
	template := &x509.RevocationList{
		Number: big.NewInt(1), ThisUpdate: time.Now().Add(-time.Hour), NextUpdate: time.Now().Add(time.Hour),
		RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: issuedSerial, RevocationTime: time.Now().Add(-time.Minute)}},
	}
	if change != nil {
		change(template)
	}
	list, err := x509.CreateRevocationList(rand.Reader, template, a.certificate, a.key)
	if err != nil {
		return err
	}
	return writePEM(filepath.Join(folder, "cacrl.pem"), "X509 CRL", list)
}

func writePEM(path, kind string, der []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}
