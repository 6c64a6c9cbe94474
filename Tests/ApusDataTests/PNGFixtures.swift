import Testing

/// PNG files of every colour type and depth, made by a writer of its own in Python and opened by Pillow where it can;
/// each with the grey that it should give over white, as big-endian 16-bit numbers.
enum PNGFixtures {
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let width: Int
    let height: Int
    let file: String
    let grey: String
    var testDescription: String { name }
  }

  static let cases: [Case] = [
    Case(
      name: "type0-depth1", width: 7, height: 6,
      file: """
        iVBORw0KGgoAAAANSUhEUgAAAAcAAAAGAQAAAAAndbnbAAAACXRFWHRDb21tZW50AHjX9HQIAAAACklEQVR42mN8wBLHfJfpa7UXYgAAAApJRE\
        FUAsMTxgYAGpsEW3jp4jQAAAAASUVORK5CYII=
        """,
      grey: """
        ////////AAAAAAAAAAAAAAAA/////////////////////////////wAA/////wAAAAD/////AAD///////8AAAAA//8AAP//AAAAAAAAAAAAAA\
        AA
        """),
    Case(
      name: "type0-depth1-interlaced", width: 9, height: 9,
      file: """
        iVBORw0KGgoAAAANSUhEUgAAAAkAAAAJAQAAAAG/7QsrAAAACXRFWHRDb21tZW50AHjX9HQIAAAAGUlEQVR42mNhYD7AwsDcwHKA5QCzApMDyw\
        nmLywbpKIy3QAAABpJREFUmDOYLjA6MAiw/GVmtljKtKaBMXYxANjPC1Q1t8SQAAAAAElFTkSuQmCC
        """,
      grey: """
        AAD/////AAAAAP///////wAA////////////////AAD//wAA//////////8AAAAAAAAAAP////8AAP////8AAP////8AAAAA////////AAD//w\
        AAAAD//wAAAAD/////AAAAAAAA//8AAP//AAAAAP////8AAAAA//8AAP//AAD//wAA////////AAD//wAA//8AAP//AAD//wAA////////
        """),
    Case(
      name: "type0-depth2", width: 7, height: 6,
      file: """
        iVBORw0KGgoAAAANSUhEUgAAAAcAAAAGAgAAAABg1cMLAAAACXRFWHRDb21tZW50AHjX9HQIAAAADUlEQVR42mM8lsSi78F81pEpiUcDggAAAA\
        1JREFUK4Ih4ghjVhsAMUwFhx2t5LsAAAAASUVORK5CYII=
        """,
      grey: """
        //8AAFVVqqoAAKqqqqr/////VVVVVVVV//8AAFVVAABVVf//qqpVVf//qqr//wAAVVX/////VVVVVVVVqqoAAP//AABVVVVVqqqqqqqq/////w\
        AA
        """),
    Case(
      name: "type0-depth2-interlaced", width: 9, height: 9,
      file: """
        iVBORw0KGgoAAAANSUhEUgAAAAkAAAAJAgAAAAH4TXH7AAAACXRFWHRDb21tZW50AHjX9HQIAAAAHUlEQVR42gEwAM//BPADGAQAA8AEvATwA6\
        gCgATZ5wMNZNMskDgAAAAeSURBVATZA2wCawHNAPEEcd6xA1a6rAK5YUABMN2zfTsRSE/v1JQAAAAASUVORK5CYII=
        """,
      grey: """
        ////////VVUAAKqq//9VVf//VVX//wAAVVVVVQAA/////wAA/////1VVVVWqqqqqVVUAAP//qqoAAP//qqoAAKqqqqoAAP//qqpVVQAAAAD//w\
        AAqqr/////VVUAAFVV//+qqgAAqqpVVQAAVVX/////AACqqv//VVVVVQAAAAD//wAAAAAAAAAA//9VVf//qqr//6qq/////wAAqqpVVVVV
        """),
    Case(
      name: "type0-depth4", width: 7, height: 6,
      file: """
        iVBORw0KGgoAAAANSUhEUgAAAAcAAAAGBAAAAADvlTarAAAACXRFWHRDb21tZW50AHjX9HQIAAAAE0lEQVR42mO0vPL0Hov6NvHjzNOY5y5gz5\
        U/KQAAABRJREFU6jafYcDwe/0hBsZrhvG/AMA8DMPRGZfDAAAAAElFTkSuQmCC
        """,
      grey: """
        MzOZmQAA3d3//yIi3d1mZgAA7u7//wAAmZnd3czMZmbd3d3dEREAABERVVURERERRESqqoiIRET//7u7qqr//8zMIiIAAN3dZmYAAHd3ZmZmZm\
        Zm
        """),
    Case(
      name: "type0-depth4-interlaced", width: 9, height: 9,
      file: """
        iVBORw0KGgoAAAANSUhEUgAAAAkAAAAJBAAAAAF3DYRbAAAACXRFWHRDb21tZW50AHjX9HQIAAAAJUlEQVR42gFAAL//BDIDWQSgA3AEk50EKw\
        NFApQEOElvA1+ohQSRfAOEl9ahiAAAACZJREFU3AIwEQGFKQCS5ASmSKoh9wO29QgdyQKgeWNSAAG7hhWnM1UlFJv92SKzAAAAAElFTkSuQmCC
        """,
      grey: """
        MzOZmSIiERGqqgAAu7vd3SIiqqpmZu7u7u6ZmYiIu7uZmbu7MzPMzIiIzMyIiEREERGIiP//AACZmXd3AACIiMzMu7v//4iImZn//1VVzMwzM1\
        VVqqqZmTMzqqqZme7umZnu7v//EREREYiId3eIiLu7VVUiIqqqZmbu7hERu7u7u0REERFVVWZm///d3TMzd3eZme7uIiLMzO7u7u5ERCIi
        """),
    Case(
      name: "type0-depth8", width: 7, height: 6,
      file: """
        iVBORw0KGgoAAAANSUhEUgAAAAcAAAAGCAAAAAAqZduqAAAACXRFWHRDb21tZW50AHjX9HQIAAAAHUlEQVR42gEwAM//AfYVwtjWWvsEeo/2Ag\
        EU+APYNy5XGRth7B8AAAAeSURBVN2iAqJyiLK8+q4AbAPg+BbRtQFNfSzW5aFJMlsXRjLXEtIAAAAASUVORK5CYII=
        """,
      grey: """
        9vYLC83NpaV7e9XV0NBwcJqaw8Onp3x86enh4RAQjIzV1RUVYWGCglNTsrL+/l1dx8cdHXx8AQFsbAMD4OD4+BYW0dG1tU1Nysr29szMsbFSUp\
        ub
        """),
    Case(
      name: "type0-depth8-interlaced", width: 9, height: 9,
      file: """
        iVBORw0KGgoAAAANSUhEUgAAAAkAAAAJCAAAAAGy/WlaAAAACXRFWHRDb21tZW50AHjX9HQIAAAAN0lEQVR42gFkAJv/BIJnA7mrBD8DCASV6C\
        YEMfIDi7sCXDQE6omQo6gD0nDqPUYE6ZBk1gOeNMLcAtMcHSNFUQAAADhJREFUnUoBWdI5XAAw3JB8BEv8fdP7UDYtHwNxjUDugmN+33QC+yK0\
        gpn2ISwtAXAt+S9bMWh6FOirKR4NMMBBAAAAAElFTkSuQmCC
        """,
      grey: """
        goLp6TExeXk/P93dIyOzs+npS0tHR8TEl5eSkuLiGBhFRWRk6uoSEnNzeXkDA21tpqZsbE5Olpb7+x8fSUnv70tLr69ZWdLSlZXl5aOjlZV9fQ\
        oKHh62tqOjkZEdHdPTy8uIiEFB0NCFhf//R0dZWc3NKytSUmRkubnAwMnJcHCdnZaWxcUgIFFRubkzM0dH+vowMP//3NwnJ5CQUlJ8fJyc
        """),
    Case(
      name: "type0-depth16", width: 7, height: 6,
      file: """
        iVBORw0KGgoAAAANSUhEUgAAAAcAAAAGEAAAAAB69QfpAAAACXRFWHRDb21tZW50AHjX9HQIAAAAMklEQVR42gFaAKX/AWguT04/iq9dGHrfo7\
        BYBKqxNBZJmN+SdRUJJhhpA5jBX2Mkl3zyUhzQoq7qSJcAAAAzSURBVBbeAvbXtRjwIPyVEZYF/fU/ACrwt0ZpeOavSKFXfEyEAT0rmgf7LnlT\
        Sg5LJ5oZyZsmJXibDM0AAAAASUVORK5CYII=
        """,
      grey: """
        aC63fPYGpWO93ZyATNgS35z1PxQe9ZMKnDBk6aEw/fXCG+x6EV4m6VvHlweyDbI76A8i9CvmUAYq8LdGaXjmr0ihV3xMhD0r1zLSYEuzlcHg6H\
        oB
        """),
    Case(
      name: "type0-depth16-interlaced", width: 9, height: 9,
      file: """
        iVBORw0KGgoAAAANSUhEUgAAAAkAAAAJEAAAAAHibbUZAAAACXRFWHRDb21tZW50AHjX9HQIAAAAYElEQVR42gG1AEr/BPHtcz4DKTNFowTaIA\
        MaLQQzweWCOmcEKZ6p2QPcyyD5AmsgOLoEwfHvBjnB6etbNAM2pFLRyOQ3ev+qBCKeRt2amcV1A8mNw0tbBHDJAn3smCCXtNX+Acb60y7AAAAA\
        YElEQVTO1rE/Wa6SACQoGIr8n0TWBAr6bYU8CB9qVqCGsODNSDPfkAOHmz5AOuk0f73fqMR2OoFPXqoC+8k+FuNOLZODV2eki1XHwAWfAaswUI\
        t4zGPBcdWAHlVYx+F0mjroVN8QISF2AAAAAElFTkSuQmCC
        """,
      grey: """
        8e0inimeaHvaIAIU0nfHiWQrCvp3f7OH0vEoka5Bjg7WQbXRwfHa3LD3ZPbpuI6J0qMaUi3XjBi/i/NyFjDcP20E80NlketbM8FXyPAa/BYYQy\
        U9AUHvUFKqh+H9odbAQ8NfltSofpgsUfD6lhzGzvVanH+3bdvY+wKJapMWqzD7u3OH1khHHcc7HJPjdFcOoakkKFs6GIqHPfyfOftE1scN
        """),
    Case(
      name: "type2-depth8", width: 7, height: 6,
      file: """
        iVBORw0KGgoAAAANSUhEUgAAAAcAAAAGCAIAAACAbBMhAAAACXRFWHRDb21tZW50AHjX9HQIAAAAR0lEQVR42gGEAHv/AfgHq1OAa4xYZvCaPn\
        vYbTJloWR65QRNV7NOD3o5EEpTGVBgZ8ZDLh/XJCQDgOCak0n1E6FhsQUBAg2ufK5tBK9UPzkAAABISURBVOvSAtIC9JgaMZz/VVCqIemfyD2X\
        +T9NawCj3ayZjg5jT59Ql39XgU03i/2cnZwB4WJsryyQnt85qSDfWFNdwjfSm+whyNU7tJ5Lz3wAAAAASUVORK5CYII=
        """,
      grey: """
        YiNoltIkmFNIAqT1cOxW3ZUAqph4kM/BTl1bZFB4e0ZOQJuYtBs1QzeYQni91IY3N92K7p/BhCDG2IM1Xnh/iG7yf2CdM4mmm75UHJXrnwtdkD\
        c8
        """),
    Case(
      name: "type2-depth8-interlaced", width: 9, height: 9,
      file: """
        iVBORw0KGgoAAAANSUhEUgAAAAkAAAAJCAIAAAEY9KHRAAAACXRFWHRDb21tZW50AHjX9HQIAAAAiElEQVR42gEGAfn+BD3DUzXArgOVzrhIQf\
        oE6cZKAwpelgRbnKP2LwSKrfcEoLejJ2/xA/W6GPj4PwLvcY/fuRYESE6+QfWPBmlFETkwUTo5Az/2nPT+RHOxZBffgtblFwSdNVLfC61YVENf\
        fiwD7Qt9gdhzuXZdyYyfAm+iA7jgdwUWgSfOxwGr1wHA/U/VxwAAAIlJREFU0l8C7D9I/ZwAPSC7dks4HZc/cz/gBDEVx9vJb0R4TA1C3ltlxW\
        ZKDp1yXkMtanSnbQP72CWBSsJe/rTf9EHjYuv6MDe5Q8rVFF75pq8C0jvtu5fbrjawzfK3anENWqbxfyllsLu4RcA0Ab8+q9AvyZThNT5xSchx\
        vhgrOamR1yJa4eT7ZRXxfVhKOgwIAAAAAElFTkSuQmCC
        """,
      grey: """
        jrhXvq6GaB7DFp5oYxEmgW+IMdyMm1mSgHnQjzivtb/wgYE2WVI6g1lrT9Sg/rHtzS6i0HdWmnNHwGLxZ/Y0C1azkijKd2Vgiea7pC0by9ajDb\
        HbR9Sn1JqJYzilFn5LSA2X8Dr12/+BjVpSS4iyJFV6jrJdMoq4lwWTHk+McXF4b0vQqV48vGPN50k/R28Iay46knr1Vgas9WjmrXVhSKhv
        """),
    Case(
      name: "type2-depth16", width: 7, height: 6,
      file: """
        iVBORw0KGgoAAAANSUhEUgAAAAcAAAAGEAIAAADQ/M9iAAAACXRFWHRDb21tZW50AHjX9HQIAAAAhklEQVR42gECAf3+AWmzYYIArtWnUNVLrb\
        /8uigRXvkAyKoZvtg/wBN5vjk7jUwit2Y2h5Y4ngRByHeCOLP/GruMehLOKZNhjzjB4UBljOYtH4LtBF18jLFhqj2TXApAAo4DDAlwQbdXf5F7\
        vbYbHnuPvWtEeWUaHwnHBVx6UGHaJjnzHn715+Z/Nlim2zAAAACHSURBVNxgAg4zcL0oD4S7O5tdeuES+f0tsqQpayh4++jqXTSoboVfv6ZwTK\
        ikh5fWRwDfBY/Eq8yY67ex28IWUXd30mLUc9dghh5AXvTS7/+3c2+W6X9Oi/E+uk4BzWC4Lh9TTSlnrNVRgznMfFHJ6vt3Q3NapcNmqwtWfqsS\
        fDyGd9T6LoWsC5d8z/r9X4YAAAAASUVORK5CYII=
        """,
      grey: """
        WOuDVZVrdRTntE+2LQy4NIxc3DdPHIqSUusmZrZ+cHl4yUuJvkJ9bJEEap942VNzyTNNgz/Jd02qqLKaZMjNPb5Rkvi6Va0XNoXBOneHmRvQbp\
        Y9
        """),
    Case(
      name: "type2-depth16-interlaced", width: 9, height: 9,
      file: """
        iVBORw0KGgoAAAANSUhEUgAAAAkAAAAJEAIAAAFIZH2SAAAACXRFWHRDb21tZW50AHjX9HQIAAABAklEQVR42gH5AQb+BNkUog9CFHl4RDjljQ\
        M1yE6ULAX6388+k9MEIvuIkb9hA266MWTQwQQxpM80sBthY6FE9xPM8nj7rmcExcpOfMHijqMg6voZA7HnW/0BtUXfWNdvbgItDd+11I5pqbQT\
        j7IENP/uJZww6JxnAY0U53Ebc8XKQjx1JnIcFci8fA40A03F+BWD5/iB0wCLtadjDM6IwKtiUkqTtUcN+dyyzATEiD9OQCQ7P5lCji3jYaC2aQ\
        RF0WAVw9UDi9vkcgAxfBvt9jZuMOHU6MBCouFmfzQlApJjv7QNisgJ+SKNOytX8R8r9+f0FDoKBgF7OuU2R8uFXkn0CtVmRWKjTFV2AAABAklE\
        QVRAsolDiupONkgA5vig7VW8YWegTMpFgiji3KmNG3C0wuc1BC/g/d+WXbxwgdO01lV2UsvNatYwzDTS/yaUKp7Gyvbb7bycTFK75WvhJtfyHK\
        mQoddn44Zh1APttM77I9uCsR4RAUmIrGzUXz+LtEih9sWzLqwP0fcLlSNgATqAB87m+lBisGo/W3fqsNVgtxQCyygbaqMt5ZiodBPNGobNr8Ne\
        6+Vs6LVABs/hS58qnLs3YTwmo33G7kxPI4F5B0Vao6RKxUKzAXCrdOKq0JsILp4lbAOPRtHM4LJrbdzjxf1wg9UblUPdsxURBkcFOVwc+AyghD\
        QV1F3zuGVquawe+p7snqCDAAAAAElFTkSuQmCC
        """,
      grey: """
        p5FnPH9Q4x9wcZCIby6neKRftHqZMJBxfXmagYDLhhyac2tyrXFMsD89azReJWsIpoquxoYnOqOioij/pUtSS4Foi975dYonnIydZ11KSVqAvi\
        ecuxcdca6afORonKHBP4g299eiVtFSm6FUeBCzkzF5JJVy5XPjtBiBPKVDecV6gp5RehLI1mVfn3dcpjywltytTFLakkdwlL9poTKMq491
        """),
    Case(
      name: "type3-depth1", width: 7, height: 6,
      file: """
        iVBORw0KGgoAAAANSUhEUgAAAAcAAAAGAQMAAAA1wBY1AAAACXRFWHRDb21tZW50AHjX9HQIAAAABlBMVEX3KKW46PjIeLH+AAAACklEQVR42m\
        PcwMLC/IVJ3SKD3AAAAApJREFUjcGKkQsAEDwCHshUShsAAAAASUVORK5CYII=
        """,
      grey: """
        3FR0mdxU3FR0mXSZdJncVHSZ3FTcVHSZ3FR0mXSZ3FR0mXSZ3FTcVNxUdJncVNxU3FR0mdxUdJl0mXSZ3FTcVNxUdJncVHSZdJl0mXSZ3FR0md\
        xU
        """),
    Case(
      name: "type3-depth1-interlaced", width: 9, height: 9,
      file: """
        iVBORw0KGgoAAAANSUhEUgAAAAkAAAAJAQMAAAGtWKTFAAAACXRFWHRDb21tZW50AHjX9HQIAAAABlBMVEX2fgGr9l6D6vJJAAAAGUlEQVR42m\
        NhYGZgaWA+wNLAwsB8gImBxYN5CcsDP4icEAAAABpJREFUZgamBsYPDAksDxYwl/gxrWRg3O4JALb0Cj4QP21AAAAAAElFTkSuQmCC
        """,
      grey: """
        lDXPDZQ1zw3PDc8NlDWUNZQ1zw3PDc8NlDWUNZQ1lDWUNc8NlDWUNc8Nzw2UNc8NlDXPDc8Nzw3PDc8NlDWUNc8NlDWUNZQ1zw3PDc8Nzw2UNc\
        8Nzw3PDZQ1zw2UNZQ1lDXPDc8NlDXPDZQ1zw3PDc8Nzw2UNc8NlDXPDc8Nzw2UNc8Nzw2UNc8Nzw3PDZQ1lDWUNc8Nzw2UNc8Nzw2UNZQ1
        """),
    Case(
      name: "type3-depth2", width: 7, height: 6,
      file: """
        iVBORw0KGgoAAAANSUhEUgAAAAcAAAAGAgMAAAByYGzlAAAACXRFWHRDb21tZW50AHjX9HQIAAAADFBMVEUVr3Nejukl02rawRuhhSrJAAAADU\
        lEQVR42mM8vJDlxhTmnY5M8V7hCwAAAA5JREFUjzUYTm1h3HIDAEafB+s9yjDBAAAAAElFTkSuQmCC
        """,
      grey: """
        tkJ6l3qXtkKKj5OUio+TlIqPk5S2QrZCtkKTlHqXepeKj5OUtkJ6l3qXtkKTlJOUio+2QpOUk5S2QnqXk5STlJOUtkKKj5OUtkKKj3qXk5R6l7\
        ZC
        """),
    Case(
      name: "type3-depth2-interlaced", width: 9, height: 9,
      file: """
        iVBORw0KGgoAAAANSUhEUgAAAAkAAAAJAgMAAAHq+N4VAAAACXRFWHRDb21tZW50AHjX9HQIAAAADFBMVEVrbWTYIuYcUYUCkQCbp5glAAAAHE\
        lEQVR42mNhYP7A0sB8gOUFiwJzAtMBlq4yZsa7LCXM9r/nVAAAAB1JREFUn5j0GRUYFrPsO/aH+RGDP5PKFgfGz1rJAFR+Dw7+XOTTAAAAAElF\
        TkSuQmCC
        """,
      grey: """
        a8tvMmvLVgxHXG8yR1xry2vLR1xWDFYMR1xHXGvLbzJry0dcR1xry2vLR1xHXFYMR1xry2vLbzJry2vLbzJvMkdca8tHXFYMVgxvMm8ybzJHXE\
        dcVgxWDEdcbzJHXG8ybzJry28ybzJHXGvLbzJry2vLR1xvMmvLR1xry2vLVgxWDGvLVgxry28yVgxvMkdcVgxHXGvLR1xry2vLVgxWDFYM
        """),
    Case(
      name: "type3-depth4", width: 7, height: 6,
      file: """
        iVBORw0KGgoAAAANSUhEUgAAAAcAAAAGBAMAAAD9IJlFAAAACXRFWHRDb21tZW50AHjX9HQIAAAAJ1BMVEV/QT6q0/xuxNiaQyLxnBxqxH8FRz\
        xv3ltZ4O4F7ULMMGVx2/h1jiDKNgAUAAAAE0lEQVR42mNMEnFYxfJIsdaWOVj1/Rymy+ZZiwAAABNJREFUtQLSBQxdFU0BjAeDgrUAk8EJ2CWO\
        QUYAAAAASUVORK5CYII=
        """,
      grey: """
        MjWtPq6OMjW/WzI1MjWneqd6ufVZmVmZWZmujq6OodtlFMw2oduUt1OFrT6tPr9bzDaujqd6ro659WUUro659bn1rT6h23p2zDbMNlmZMjUyNZ\
        S3
        """),
    Case(
      name: "type3-depth4-interlaced", width: 9, height: 9,
      file: """
        iVBORw0KGgoAAAANSUhEUgAAAAkAAAAJBAMAAAFluCu1AAAACXRFWHRDb21tZW50AHjX9HQIAAAAJ1BMVEVlO917vnozKRUFK6N+q1tF1Nx434\
        60YwTBfLBar/fF02aKHuvRhFg+LMCAAAAAJUlEQVR42gFAAL//BAsDYQQgAxAEO9UExwNiAvwEMtKMAzp/EwS6YQMUyshkWgAAACZJREFUBQJT\
        SAFG0QBxCgRlNpzzhgMwwwl0owIzwNWMYAEc+JOUxRtIFDysUO8nAAAAAElFTkSuQmCC
        """,
      grey: """
        WmBV/5aYwyYp4KLZcNRV/1X/t6+q0p5pVf8tf3DUKeDDJlX/LX9w1CngotlaYJUBlQFV/55pt68p4JUBotmVAarSwyZV/6rSLX+WmJaYlQFV/5\
        5pqtItf6LZnmmq0lpgotmi2cMmLX9w1FX/qtKVAS1/t6/DJqLZwyZw1FX/otmWmKLZlQHDJnDULX9V/1pgt69w1JaYotkp4FpgotnDJrev
        """),
    Case(
      name: "type3-depth8", width: 7, height: 6,
      file: """
        iVBORw0KGgoAAAANSUhEUgAAAAcAAAAGCAMAAAA40HREAAAACXRFWHRDb21tZW50AHjX9HQIAAAAJ1BMVEXpi4ReipsGBNYq8IpFnFgV76Lw11\
        FJqIUR54mz7zTx95hXpNIZcxudgNB1AAAAGUlEQVR42gXBiQ0AIQwDsIQUUm7/UUEq0n02zUB1fIpyVgAAABpJREFURTwLLsj8rvfOts8AFcBM\
        yyImq+X+ASGMC0HP/eFlAAAAAElFTkSuQmCC
        """,
      grey: """
        iCKc6E5dTl16tsiGTl2Sy5zopvWm9Ygif0d/R05dkst6tk5diCKm9Zzof0d6tutLTl2c6KnVTl2m9ciGnOiIIqnViCKp1ab1yIbrSxymerZOXX\
        9H
        """),
    Case(
      name: "type3-depth8-interlaced", width: 9, height: 9,
      file: """
        iVBORw0KGgoAAAANSUhEUgAAAAkAAAAJCAMAAAGgSMa0AAAACXRFWHRDb21tZW50AHjX9HQIAAAAJ1BMVEWnqISblQimf95UjVia9U4pyxZ4Tl\
        GkXUVWtHSx/XCZ1WJSdJ+YijB1JEENAAAAKUlEQVR42g3LQRKEMAgEQAZGA4n//6lxy1RgvXezv5bOYclrKUfZ2ioH4zE00+Z6aiwAAAApSURB\
        VASUp7A+JNCAPvDcKcO10VwmsJ3W7wxU1NTZ5Set3o5Y/Lro/gNqVh2yF93tzwAAAABJRU5ErkJggg==
        """,
      grey: """
        tqlbQW8rW0FvK7aptqnXCseHdmBvK28rhz+WE3ZgpD2RKoRx1wqHP6Q9byt2YLapx4e2qW8rbyukPXZgbytv7seHbyuRKqQ9hHG2qaQ9hHFv7o\
        RxlhOHP9cKhz+2qXZgdmBv7m8rtqmWE7apW0GRKoc/W0F2YHZgx4eHP9cK1wrHh5EqW0Fv7pEqkSq2qW/udmBvK6Q9kSp2YJYTb+5v7m8r
        """),
    Case(
      name: "type4-depth8", width: 7, height: 6,
      file: """
        iVBORw0KGgoAAAANSUhEUgAAAAcAAAAGCAQAAAClB0z9AAAACXRFWHRDb21tZW50AHjX9HQIAAAAMklEQVR42gFaAKX/ARJ9Row4IWmcz/Czm7\
        fyBDM3svY8X3PUPC8NsTjGAzjy2ImshWBFqbHwURBgsgkAAAAzSURBVNKdAnGqHLxcQfCy6Mgbd7UoAPbSurdC3n04yAKy/9O7AYsnHS+0o9X7\
        gZtOR8g3xMwtRILE8SkAAAAASUVORK5CYII=
        """,
      grey: """
        i176FO2k+1LYl9Xnyex8MAoK2Gam4Lsn/w+Krc6h06D8zBqBcduGvrwizaM4F/gPWFX6CvRr7Wr4js5JWtDjVv+QsrLfmu4w4otgNToc1KYpKf\
        0u
        """),
    Case(
      name: "type4-depth8-interlaced", width: 9, height: 9,
      file: """
        iVBORw0KGgoAAAANSUhEUgAAAAkAAAAJCAQAAAE9n/4NAAAACXRFWHRDb21tZW50AHjX9HQIAAAAYElEQVR42gG1AEr/BMv5cGADMmPINARbxg\
        P6WwQ8/XCQ9tgEvSR1uANj+EdIAulwszwE6uIsxymjYBK9uAOn5COPl9r8QEXcBHgUU35DSGboAz9L3h5Jwh6gAiTpsg957HezAffBxb+hAAAA\
        YElEQVSPIf1BqdlRAGnfnQncyksJBP2UVTwrU27xqmEC2ruxpoTm2wNMw37LbecmEgrSiyiRDcKhe9gCKFNKSlEndgb8RE9OP8cGIqzGAR11CF\
        J+7cqq0CFZTUV3COCy1VxJUimpsxz1AAAAAElFTkSuQmCC
        """,
      grey: """
        zQb1Xvak4huAKDEpTnGV1rtS/tVyVe4W/mzPLN+n///8XPOo7VDT02T5uBLGjMv+3HjpjvHh/UjJd/mM/lr6BLdw9sj/qfnzPcXokf2Of3/R7K\
        Ae0Z0ltNsE+xWo1sQ85jDrV7Gs/UL1HO/HtAn7fvVAgK3+0N1c3smT2vmyl+ZVNb7NyfefAKur9oD8I5iBpLF8Ttcr/IZebeQpd9v5n1dP
        """),
    Case(
      name: "type4-depth16", width: 7, height: 6,
      file: """
        iVBORw0KGgoAAAANSUhEUgAAAAcAAAAGEAQAAAD1l5C+AAAACXRFWHRDb21tZW50AHjX9HQIAAAAXElEQVR42gGuAFH/AWppBjpbDtiKOgrbWh\
        WpPdWh4//2MijIRv3IygIEdQTGuGjktzkhqLJUbg8jLEMvVtBLvw3KZhl9jgNTSlz/oSCqXJiGvDrR5l4wOIafFkjd7qUsH9AKdhoAAABdSURB\
        VL5KAmxNhkGwHi4n/hP/U3Eq5+yyeTule5ZQMaSzmVcAKGrXpP8GrUm449IsVu1ZD+s7Hn22X82EVUdaQgHt7DGzZhyFAP7gBJi2tKPerNKNtm\
        g3n23x0Kgq38tSN/mJFvwAAAAASUVORK5CYII=
        """,
      grey: """
        /FzNEP+kHH+4Ae2t8bzl7JRo1ZWTuP500QO//tFItuT+mZhG/o/8vP2/xJLqM/6/9kTf7bqwr15KZv9XxZ7FLv2GxOTDzvx9hI6BT6WbucCFht\
        Dx
        """),
    Case(
      name: "type4-depth16-interlaced", width: 9, height: 9,
      file: """
        iVBORw0KGgoAAAANSUhEUgAAAAkAAAAJEAQAAAFtDyJOAAAACXRFWHRDb21tZW50AHjX9HQIAAAAsUlEQVR42gFXAaj+BLvcbIFilqvyAyJQ3a\
        rv7bG/BF1kMYsDc1odcQT6sZTiM0Alz/GFqo8EGUVJB0w/ZywDmobUSl97GBsCReE/gp8wZxIEagthOl44iJnGQiztI0i11CjDwzAD6NEx9J+8\
        AAQtfo9tB37RymLG7kcEzNKtsched7eQod97gZb6eQOMHFJ2Q7RqetvmdLiZLYs6AhGSi70h83vD5a/T2jQsS1YBAb3mQbEOgVw38+z8AAAAsU\
        lEQVQUg0hKhAEHZAAshK3Luzqp5e8JZZfUYD8ZBBP6Kk1kTaPvLbrVrqCZULmzZWu6mxAQOLyp3LyfG4Sb6uZjFQPh3lxQlllv2YQk+W+FKkjv\
        z2T2sn3TlrhYklzykZnxxuYTaIQCTXmb1DcrmtPBsLINKfUkqwAMbK0DU3mWOvE8ahOkc6sdCoIQAXYXd60jKoFILtCabpLp1Zl637D4CBAaQ5\
        ukyoF/Yft6s5MKkV22oTf0heO1AAAAAElFTkSuQmCC
        """,
      grey: """
        4x7dRr4t8Krgh/yrlaumVus/2P+SY8V0TmL9FNDwzTnxYfhyxwv3HM0XNNb2W/J2wh62Weq29mf1uP3oNtmd9/7q/F6zcqgD/OnNE6lXv7Vnoe\
        Jw5jawOKiO9mOqkf8r9pn8NfsCXtv4ruakqj4bTmW04MCHHdhbvax+noUgv4ecFN9xvI/73fkPeNn2UP+89gVwbPuJ0lvsLvlE11j1P2lB
        """),
    Case(
      name: "type6-depth8", width: 7, height: 6,
      file: """
        iVBORw0KGgoAAAANSUhEUgAAAAcAAAAGCAYAAAAPDoR2AAAACXRFWHRDb21tZW50AHjX9HQIAAAAXElEQVR42gGuAFH/AQIH+/ok6kD1lU6F+M\
        hyRQ+2vDD9q7dAF+C7cpUEYvTx+kqLX2e4JbG131FCckMtIeFfoJ39trsd6gMk2GHj+nod7rNUglv+S6YsZwexfmvnqlhwv8/SKcQAAABdSURB\
        VOLjAqYR3e22j8RuuqNj9DtA4k6x1k9xExrn6ZMXP2cA0Zx5obzWfccdTAh0WcfWVHjaHJkIAof3P6ijqwFLlHFc2a/2vW0yIC2JoFXZnMtKzm\
        ZBBjtNAxI3GXVXw89QXHgAAAAASUVORK5CYII=
        """,
      grey: """
        JdGmMYB7lCVfV/oA53vPJNvZ+YuTIr3y/L/YWsdK78XQKL/z/q/jiMmw4xSSu9pSQfu7aNp2uLzIw9HWpEvjKssDGnev6M/k7Pzc1uZkw5LdAL\
        bq
        """),
    Case(
      name: "type6-depth8-interlaced", width: 9, height: 9,
      file: """
        iVBORw0KGgoAAAANSUhEUgAAAAkAAAAJCAYAAAGXljaGAAAACXRFWHRDb21tZW50AHjX9HQIAAAAsUlEQVR42gFXAaj+BEbECuL0y7MkA8UL8P\
        n5SqRaBKVShfMDyRoregQ+H/Jft/2a6AYATPsEgeh/k3cAHMgDa2RsAq94YJACWr6xtsqsuH4EFI/JxPqqUblfZKode9VZq4ZwTGsDyWiQyUkG\
        /bM7IYaxkmM2y+iB+5YE/E1cDeu+Bbn18bDUL0qtIAPqU3DdWen0aFzOVZeeq/w2AqctQnHGa7geY2+2T6ns7/4BpdWkVMZQGXwVHw6XAAAAsU\
        lEQVRZnsbQuqgKfAD3FcIV8LtSXuQFfKAiUHkUBDxZ7QLY9gN1GQ2yDwerDmyOL1Aj/2WElsG3iz8Z1Z1CU7BxRgOW68N8KMBZDvV90jxdskLi\
        GytbcdnM+5V5hS914HIyDdxua34CELP65Nf6Ctmz2Cvk1YDX0AQj3WZQ3UUTbnca29etampGnaKZAZaA3j8y0yzR5W3UN4Tuhf8rKaD2a0cEi/\
        cchGX4WEDjufxJ9fa2qu4EW9kYAAAAAElFTkSuQmCC
        """,
      grey: """
        lx35p9nvfLd3zOgi9lN1ofzf/sGt4KbNMuXyVcKPZs/jN+edkkyHeJZ+zNK+k/8N4KbOtspQptbot2xx0FDC0NV294jzYYkLuK/V0u7+247WQN\
        y0bMjkkNvp5H/pzckTqWryo9DcdSenPu3r9ZzrhPzhbND/p9XMvjbwvMHa5Mn21+3B3QToJ3VC5k/6lP3a2OPz3v9j6ERFSJURsBvxgNDQ
        """),
    Case(
      name: "type6-depth16", width: 7, height: 6,
      file: """
        iVBORw0KGgoAAAANSUhEUgAAAAcAAAAGEAYAAABfnlg1AAAACXRFWHRDb21tZW50AHjX9HQIAAAAsElEQVR42gFWAan+AemlzjjXQoMYL5RKat\
        j9TS5lrJXEIygNFrDdhupctH7px3eJrwc1mLt7Igru9X/E5+TXwY8qySggBLLtxcawM5Oe3Lbe0EdZI73KYz/8eSepo9A3MoBHuLPEV+G3N7o/\
        lKXnIIHCNz28LSTfH/WP37WwA02a9MCbciWEUlakdjRHuKRqJybZRXgsM/t8AnDTR9UcA16+v+dJ0W+tOwQLSzPJU3DWS98cMOdy7zEAAACxSU\
        RBVIyRAtQ2dl7E8EDbDwLFL1tBFwOqDdUPEFciWUXjgHI5HPns34kR2COTcE5R6v307DXCcSpcjTEt7HgsADMBIE6UAuB2RUFJelTya8xCMs0V\
        GMYxIy4u375BJXo31t9jETiiKtHUEWPevkgi6/lrDEjA65GgAR14noPwpmdUuhsedIHrsdiXbJPgllu66sm4o1SwFvZq5ZQ9jEbgwuXpQen+AM\
        6UpkZICLd4S3am1OenqIDGdCkAAAAASUVORK5CYII=
        """,
      grey: """
        6ztRoq/xtjjBZLdnhFT2ffaxzuP+NmnZ2U3jEuOt4unPLPr+xiXzskgk1FvLWKSS/7VzhoS/0qtMVLMp6k/On+q78K+paMza+ZtwWcQ4mPbnPo\
        tX
        """),
    Case(
      name: "type6-depth16-interlaced", width: 9, height: 9,
      file: """
        iVBORw0KGgoAAAANSUhEUgAAAAkAAAAJEAYAAAHHBurFAAAACXRFWHRDb21tZW50AHjX9HQIAAABU0lEQVR42gGbAmT9BFdqcmEW/AI3Icsvm/\
        Akp+cDbvaqpvIIVrcD0T9xne378QRCShsCbqygrwOHl5slKGDnrATrl+SrSBfOofZfNBi9xPAzjJsANKeGiekE6FyxQk/6k0A61YfZu5gmPgNm\
        OxCGseGhAu3E7kFmOu4oAoedpcXYQO33a5bJWbWloqAEG6h3biRpkcd8Zxl/EZLZGJnlj0XHrFXxqJmpFFlBen3xmjDQDRBWmAPPOaEy3nSjV4\
        4nU3Ww/cwntHwVPqdF3pkv0/ynGDOmSHFWfYPL1qVYBJIJD3SOtq6W430r1VDq+ywfm1g6rOyyPwpcnNK7Jc1HA2ySiKsywTOxuYrjyYLZ68WP\
        O4eCEsiehyPOxnvxiu4FApLpk874JF/hjjfOCRmSdzVu2cPwdya0/OX7LS7PSgR2AZ+fe/Qg1GcxrmIrbDmC72Sy9YMtCSk8mEeDAAABU0lEQV\
        Q4P5QmACYvIxTJAFkBkKq6ASFsmRcg/XEAIp8bIMfnOc4THHz63fHAFyJsBCEBGhrXVUMlyFT/IyXGpssx0eno10tw6yQiJgBbXh6xienAARBm\
        PoopNnQOVUl6su6qWEcX11vyaHAE6R3kgcEaJXTuzQRGaANjFwfV0i4xP7v55KAI5nK+iIxs0Z3QE/F9p4pgT/tAXNsVaORWZrNOB5G4a2aC/W\
        DTwskSHnWr13RF/tE9lUkPA/DUMyq1ZEMCjMvEEBTZGqF9mEz4TlV5kUrRao7QMQdRu6Afzdv7ugbA/0X7dnE1K5apCLwaAMftENvoprOGaTCd\
        iMbTZMmKb0En5GBA8+3xARFPv1jpOn9Flj2d/gkCZFncW4PtGRx+T96vOfi+mvbZpYoXiwsyZ+lxaHSyzqbDokzYYbkpRnYAxzf/QQMakLWJTm\
        sOQtq8BfroQh03dvx+AAAAAElFTkSuQmCC
        """,
      grey: """
        /pyAeNXOlQ99n9jsZqbktK3nyeV9nbHJnqTac+rf3S/7VsUUnTbH2M4Qn9VudPqT8bL6iuobvu/8dfKpcdriVNdi9b/h+Y7b3TNIEKBWWUF+3b\
        wahlz48csN7b/AyMOhyKKqYPjwrpFqW45y4WTK4pkA1a24bK++VoeTa793yFyRq9/Jvv9plMqUWducS8/6767v51jP5+3rYfa/vxf3EJqr
        """),
    Case(
      name: "type0-depth4-transparent", width: 7, height: 6,
      file: """
        iVBORw0KGgoAAAANSUhEUgAAAAcAAAAGBAAAAADvlTarAAAACXRFWHRDb21tZW50AHjX9HQIAAAAAnRSTlMACQ9PdZwAAAATSURBVHjaY5w5Qb\
        WJ5f+PXlZmnbM/jzMV3rhxAAAAFElEQVQ5yqYpMGz831jAaH34kAAAwN0Mc4+8PV4AAAAASUVORK5CYII=
        """,
      grey: """
        /////yIi//9ERO7u3d3//4iIIiIREd3du7vu7nd3iIgREf//d3czM3d3u7v//zMzZmbd3f////+7uxER/////4iIERF3dzMzu7v//+7uzMwAAN\
        3d
        """),
    Case(
      name: "type0-depth16-transparent", width: 7, height: 6,
      file: """
        iVBORw0KGgoAAAANSUhEUgAAAAcAAAAGEAAAAAB69QfpAAAACXRFWHRDb21tZW50AHjX9HQIAAAAAnRSTlOPrWLvlukAAAAySURBVHjaAVoApf\
        8Bj628Eze8lnQIp5CONVgE5kbiC1ke3ue0D1e0BU8DXlsIOaq2G0tdtt+NyYDpbwAAADNJREFUi6gCWlhnGTDDdhOKGu0q60YAHjkLkPuH+edV\
        jHRtOm4B2W6h4bCnEMC13U30irvBCSi3rpKlwAAAAABJRU5ErkJggg==
        """,
      grey: """
        //9LwIJ8GPAgl7Al5X118y3+pN7216qmB9kMKJjUaiIxNq7RCXHnMgTV8izRO2H5JOSTi9Rc7xseOQuQ+4f551WMdG06btluek8q9jq275M8h8\
        ZC
        """),
    Case(
      name: "type2-depth8-transparent", width: 7, height: 6,
      file: """
        iVBORw0KGgoAAAANSUhEUgAAAAcAAAAGCAIAAACAbBMhAAAACXRFWHRDb21tZW50AHjX9HQIAAAABnRSTlMAtQCDAKSESULdAAAAR0lEQVR42g\
        GEAHv/AbWDpHOFisjOR+ze7r1lx3rl2LbZqgTewtgJE+gBuD1ag7k8sYuIeJxOoUgDBT70x04C8YXvrVE7sMzEJenWZNx6NBwAAABISURBVLvz\
        AlOisWOeE1yHZ9iwIMzBaNpDQkCAVQBeAa+8H/YMEqRhMydb3+x+JLTZwGcBqzH3URmkte5aEpBpR8DiUVXp5PaJOrdEfgo5IwIAAAAASUVORK\
        5CYII=
        """,
      grey: """
        //8V/NOKt3BBd5udzrhi+iEjsGQmealCfVUwYlW1WBA02pgTYxZoztcdS3w+NKvPYJY6QYxvW8gw1WbbIPo/orm9T6O+Emx5iP1yK7smWniiPa\
        Of
        """),
    Case(
      name: "type3-depth4-transparent", width: 7, height: 6,
      file: """
        iVBORw0KGgoAAAANSUhEUgAAAAcAAAAGBAMAAAD9IJlFAAAACXRFWHRDb21tZW50AHjX9HQIAAAAJ1BMVEVtEKyeltDyXKBz0U1CdLmoNACdCj\
        mF1DJiOdpwQ40TvskzJd5Z2Iqm12N3AAAAC3RSTlOU/yF8bgwQo/fNJ49ETpUAAAATSURBVHjaY9w6XecFy553vtnMfKaVvkxIEvRsAAAAFElE\
        QVSs0lMWMCxYukeBseXDMzcAsU8L7MmKUxUAAAAASUVORK5CYII=
        """,
      grey: """
        PoX3w8C8qcvJZV0686vJZZ+g1HnuXKnL98PUecC886vJZffDn6Dzq8llwLw+hXnwj07uXO5cn6DuXI9O7lz3wz6Fqcvxp106wLzJZcC898PuXO\
        5c
        """),
  ]

  /// An image of 11 columns and 12 rows that Pillow wrote, and its bytes.
  static let pillow = """
    iVBORw0KGgoAAAANSUhEUgAAAAsAAAAMCAAAAACRwhhCAAAAm0lEQVR4nAGQAG//AfVHNg64gx0IVlvLAh5NgflOIkE1gAzDAPBQmCbQ5+M/hRRnAV\
    ZCeEglIfJ5Hyf4Aj05owzCDo8l4UwQAB6tFCo29hXDFKqcAayqBc0cNDWRI8j6ATyRVbc0Nev7LA7iAtAWebcI6+PTEigiAb3VDVXAczDjMbwMACu5\
    RMvb529t+PlJAVIHswc89urCpfjV3ug80dSyctYAAAAASUVORK5CYII=
    """
  static let pillowPixels = """
    9TxygDi72OA2kVwTifN5ht0ZFbadH/BQmCbQ5+M/hRRnVpgQWH2ekAkoT0eT0bNkP6wfLgmbVx6tFCo29hXDFKqcrFZbKER4rT5hKSM8zSLZDUItKF\
    RiRAzjm5AVLRD7ZopmvZKf9LQnVzprJzMruUTL2+dvbfj5SVJZDBNPRS/xlo5j
    """
}
