from hub import port


def force(where):
    assert where == port.E
    return 37
