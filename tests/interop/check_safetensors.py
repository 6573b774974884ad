"""check_safetensors.py FILE: what the format's own library sees of the file that
tests/test_safetensors.c writes. Made with safetensors 0.8.0 and numpy 1.26.4.
"""
import sys

import numpy as np
from safetensors import safe_open

with safe_open(sys.argv[1], framework="np") as f:
    assert f.metadata() == {"note": "line\nbreak \"and\" \u00b5", "empty": ""}, f.metadata()
    assert sorted(f.keys()) == ["count", "empty", "gr\u00f6\u00dfe", "layer.weight", "one"]
    weight = f.get_tensor("layer.weight")
    assert weight.dtype == np.float32 and weight.shape == (3, 2, 5)
    assert np.array_equal(weight.ravel(), np.arange(30) * 0.5)
    assert f.get_tensor("count").dtype == np.int64 and f.get_tensor("count")[0] == -3
    assert f.get_tensor("one").shape == () and f.get_tensor("one") == 15
    assert f.get_tensor("empty").shape == (2, 0)
    assert np.array_equal(f.get_tensor("gr\u00f6\u00dfe"), np.array([15.5, 16, 16.5], np.float32))
