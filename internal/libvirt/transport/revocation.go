package transport

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"time"
)

// revocations are the lists in the file cacrl.pem: what authorities have revoked. Where there is no such file nothing is.
type revocations struct {
	path  string
	lists []*x509.RevocationList
}

// revokedError is the error of a certificate that its authority has revoked.
type revokedError struct {
	certificate *x509.Certificate
	on          time.Time
	path        string // of the list that says so
}

func (e *revokedError) Error() string {
	return fmt.Sprintf("the certificate of %s with the serial number %d is revoked", names(e.certificate), e.certificate.SerialNumber)
}

func readRevocations(folders []string) (revocations, error) {
	content, path, err := firstFile(folders, revocationFile)
	if err != nil || path == "" {
		return revocations{}, err
	}
	found := revocations{path: path}
	for block, rest := pem.Decode(content); block != nil; block, rest = pem.Decode(rest) {
		list, err := x509.ParseRevocationList(block.Bytes)
		if err != nil {
			return found, unusable(path, err)
		}
		found.lists = append(found.lists, list)
	}
	if len(found.lists) == 0 {
		return found, unusable(path, errors.New("it holds no list of revoked certificates in PEM form"))
	}
	return found, nil
}

// check returns nil where one of the chains, each from a certificate to an authority, has no certificate that its issuer has revoked. As
// with libvirt's own client a list counts because it is in the file: nobody asks who signed it, or whether it is out of date.
func (r revocations) check(chains [][]*x509.Certificate) (err error) {
	for _, chain := range chains {
		if err = r.checkChain(chain); err == nil {
			return nil
		}
	}
	return err
}

func (r revocations) checkChain(chain []*x509.Certificate) error {
	for i, issuer := range chain[1:] {
		for _, list := range r.lists {
			if !bytes.Equal(list.RawIssuer, issuer.RawSubject) {
				continue
			}
			at := slices.IndexFunc(list.RevokedCertificateEntries, func(e x509.RevocationListEntry) bool {
				return e.SerialNumber.Cmp(chain[i].SerialNumber) == 0
			})
			if at >= 0 {
				return &revokedError{chain[i], list.RevokedCertificateEntries[at].RevocationTime, r.path}
			}
		}
	}
	return nil
}
