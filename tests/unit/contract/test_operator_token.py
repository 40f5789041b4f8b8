from contract.operator_token import derive_operator_token


def test_the_operator_token_is_hkdf_of_the_untrimmed_key():
    # Computed once with `cryptography`'s HKDF(SHA256, 32, salt=None, info=b"building-vitals/operator/v1").
    assert derive_operator_token("fake-ace-key-for-tests") == "YWOhM5z3RtB4JVCM8LQj111ff2Gvrwymryp2HphPANA"
    assert derive_operator_token("fake-ace-key-for-tests ") != derive_operator_token("fake-ace-key-for-tests")
